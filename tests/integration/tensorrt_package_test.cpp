// TensorRT packages through the front door: the plug-in, its context and graphs, the device path and the family, with
// stand-ins for TensorRT and the driver below.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "backends/tensorrt/stand_in_plan.hpp"
#include "backends/tensorrt/stand_in_tensorrt.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/backend.h"
#include "inference_exp/errors.hpp"
#include "models/yolo_fixtures.hpp"
#include "support/cuda/stand_in_driver.hpp"
#include "support/cuda/vision_kernels.hpp"
#include "support/temporary_folder.hpp"
#include "vision/cuda/kernels.hpp"

namespace inference_exp {
namespace {

using test::StandInDriver;
using test::StandInPlan;
using test::StandInTensorRt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

constexpr std::int32_t kSide = 64;
constexpr std::int64_t kAnchors = 84;
constexpr std::size_t kClasses = 3;
constexpr std::int64_t kRows = 4 + kClasses;

constexpr std::string_view kConfig = R"({
  "network_input": {"training_input_size": {"height": 64, "width": 64}, "dynamic_spatial_size_supported": false,
    "color_mode": "rgb", "resize_mode": "letterbox", "padding_value": 127, "input_channels": 3, "scaling_factor": 255},
  "forward_pass": {"static_batch_size": null, "max_dynamic_batch_size": 32},
  "post_processing": {"type": "nms", "fused": false}})";

StandInDriver& driver_with_kernels() {
  static StandInDriver& driver = []() -> StandInDriver& {
    StandInDriver& opened = test::use_stand_in_driver();
    opened.set_devices(1, "Stand-in GPU", 8, 9);
    test::register_vision_kernels(opened);
    static constexpr unsigned char kUnread[] = {0};
    (void)vision::gpu::Kernels::install(cuda::Context::of_device(0), kUnread);
    return opened;
  }();
  return driver;
}

class TensorRtPackage : public ::testing::Test {
 protected:
  TensorRtPackage() {
    driver_.reset();
    trt_.reset();
    write("model_config.json",
          R"({"model_architecture": "yolov8", "task_type": "object-detection", "backend_type": "trt"})");
    write("inference_config.json", kConfig);
    write("class_names.txt", "class 0\nclass 1\nclass 2\n");
    write("trt_config.json",
          R"({"dynamic_batch_size_min": 1, "dynamic_batch_size_opt": 2, "dynamic_batch_size_max": 4})");
    grid_ = testing::golden_grid(17, kAnchors, kClasses, kSide, 0);
    write("grid.f32", {reinterpret_cast<const char*>(grid_.data()), grid_.size() * sizeof(float)});
    write("engine.plan", test::plan_text(plan()));
  }
  ~TensorRtPackage() override {
    EXPECT_THAT(trt_.violations(), IsEmpty());
    EXPECT_EQ(trt_.live_contexts(), 0);
    EXPECT_EQ(trt_.live_engines(), 0);
  }

  /// Every picture gets the golden grid: `factor` mixes its brightness in.
  [[nodiscard]] StandInPlan plan(float factor = 0) const {
    StandInPlan plan;
    plan.io = {test::input_tensor("images", tensorrt::ElementType::f32, {-1, 3, kSide, kSide},
                                  {{{1, 3, kSide, kSide}, {2, 3, kSide, kSide}, {4, 3, kSide, kSide}}}),
               test::output_tensor("output0", tensorrt::ElementType::f32, {-1, kRows, kAnchors})};
    plan.operation = "mean";
    plan.factor = factor;
    plan.patterns = {{"output0", (folder_ / "grid.f32").string()}};
    return plan;
  }

  void write(std::string_view name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  [[nodiscard]] std::unique_ptr<ObjectDetectionModel> open(LoadOptions options = {}) const {
    options.backend_paths = {std::filesystem::path(STAND_IN_TRT_PLUGIN).parent_path()};
    return AutoModel::from_pretrained<ObjectDetectionModel>(folder_.path().string(), options);
  }

  /// What the same grid gives in host memory.
  [[nodiscard]] Detections expected(const ImageView& picture) const {
    const auto model = testing::make<ObjectDetectionModel>(testing::yolo_init(
        "yolov8", "object-detection", kSide, kClasses, {testing::grid_output(grid_, static_cast<std::size_t>(kRows))}));
    return model->infer(picture);
  }

  StandInDriver& driver_ = driver_with_kernels();
  StandInTensorRt& trt_ = test::stand_in_tensorrt(STAND_IN_TRT_PLUGIN);
  testing::TemporaryFolder folder_;
  std::vector<float> grid_;
};

TEST_F(TensorRtPackage, FindsWhatItsEngineSaysWithoutLeavingTheDevice) {
  const auto model = open();
  EXPECT_EQ(model->backend(), "trt");
  EXPECT_EQ(model->max_batch_size(), 4);
  const testing::GreyImage picture({90, 50}, 40);
  const Detections found = model->infer(picture.view());
  EXPECT_GT(found.size(), 0U);
  EXPECT_TRUE(found == expected(picture.view()));
  EXPECT_GE(driver_.calls("cuLaunchKernel"), 4) << "pre-processing and decoding were not on the device";
}

TEST_F(TensorRtPackage, ThePixelsReachTheEngine) {
  write("engine.plan", test::plan_text(plan(0.5F)));
  const auto model = open();
  const testing::GreyImage dark({64, 64}, 0);
  const testing::GreyImage bright({64, 64}, 255);
  EXPECT_TRUE(model->infer(dark.view()) == expected(dark.view())) << "black adds nothing";
  EXPECT_FALSE(model->infer(bright.view()) == expected(bright.view()));
}

TEST_F(TensorRtPackage, TheStagesGiveWhatInferGives) {
  write("engine.plan", test::plan_text(plan(0.25F)));
  const auto model = open();
  const testing::GreyImage picture({70, 120}, 90);
  const std::vector<ImageView> images{picture.view()};
  const PreparedImages prepared = model->pre_process(images);
  const NetworkOutputs outputs = model->forward(prepared.pixels);
  const std::vector<Detections> staged = model->post_process(outputs, prepared.placements);
  EXPECT_TRUE(staged.front() == model->infer(picture.view()));
}

TEST_F(TensorRtPackage, MoreImagesThanTheEngineTakesAreSplit) {
  const auto model = open();
  const testing::GreyImage picture({90, 50}, 40);
  const std::vector<ImageView> images(6, picture.view());
  for (const Detections& found : model->infer(images)) EXPECT_TRUE(found == expected(picture.view()));
  EXPECT_EQ(trt_.calls("run"), 2);
}

TEST_F(TensorRtPackage, FewerImagesThanAStaticEngineTakesArePadded) {
  StandInPlan fixed = plan();
  fixed.io = {test::input_tensor("images", tensorrt::ElementType::f32, {2, 3, kSide, kSide}),
              test::output_tensor("output0", tensorrt::ElementType::f32, {2, kRows, kAnchors})};
  write("engine.plan", test::plan_text(fixed));
  write("trt_config.json", R"({"static_batch_size": 2})");
  const auto model = open();
  EXPECT_EQ(model->max_batch_size(), 2);
  const testing::GreyImage picture({90, 50}, 40);
  const std::vector<ImageView> images(3, picture.view());
  for (const Detections& found : model->infer(images)) EXPECT_TRUE(found == expected(picture.view()));
  EXPECT_EQ(trt_.calls("run"), 2);
}

TEST_F(TensorRtPackage, WithoutItsTrtConfigIsCorrupted) {
  std::filesystem::remove(folder_ / "trt_config.json");
  EXPECT_THAT([&] { (void)open(); }, ThrowsMessage<CorruptedModelPackageError>(HasSubstr("trt_config.json")));
}

TEST_F(TensorRtPackage, ThatPromisesBatchesTheEngineDoesNotTakeIsCorrupted) {
  write("trt_config.json",
        R"({"dynamic_batch_size_min": 1, "dynamic_batch_size_opt": 2, "dynamic_batch_size_max": 9})");
  EXPECT_THAT([&] { (void)open(); }, ThrowsMessage<CorruptedModelPackageError>(HasSubstr("1 to 4")));
}

TEST_F(TensorRtPackage, OfAnotherTensorRtIsRefusedWithBothVersions) {
  trt_.set_version("10.9.0.34");
  EXPECT_THAT([&] { (void)open(); }, ThrowsMessage<EnvironmentConfigurationError>(::testing::AllOf(
                                         HasSubstr("10.9.0.34"), HasSubstr(test::kStandInTensorRtVersion))));
}

TEST_F(TensorRtPackage, TooLittleDeviceMemoryLeavesOtherModelsUsable) {
  const auto first = open();
  const auto second = open();
  const testing::GreyImage picture({90, 50}, 40);
  EXPECT_TRUE(first->infer(picture.view()) == expected(picture.view()));
  driver_.limit_memory(driver_.memory_in_use() + 64);
  EXPECT_THROW((void)second->infer(picture.view()), OutOfDeviceMemoryError);
  EXPECT_TRUE(first->infer(picture.view()) == expected(picture.view()));
  driver_.limit_memory(0);
  EXPECT_TRUE(second->infer(picture.view()) == expected(picture.view()));
}

TEST_F(TensorRtPackage, AFailureOnTheStreamIsAnErrorAndTheModelGoesOn) {
  const auto model = open();
  const testing::GreyImage picture({90, 50}, 40);
  trt_.fail_in_stream(700);
  EXPECT_THROW((void)model->infer(picture.view()), ModelRuntimeError);
  trt_.fail("enqueue", IEXP_ERROR_MODEL_RUNTIME);
  EXPECT_THROW((void)model->infer(picture.view()), ModelRuntimeError);
  EXPECT_TRUE(model->infer(picture.view()) == expected(picture.view()));
}

TEST_F(TensorRtPackage, RunsAreRecordedWhenAskedForAndACallMayDoWithout) {
  LoadOptions options;
  options.session.cuda_graphs = true;
  const auto model = open(options);
  const testing::GreyImage picture({90, 50}, 40);
  InferenceOptions plainly;
  plainly.disable_cuda_graphs = true;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(model->infer(picture.view(), plainly) == expected(picture.view()));
  EXPECT_EQ(driver_.calls("cuGraphLaunch"), 0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(model->infer(picture.view()) == expected(picture.view()));
  EXPECT_GT(driver_.calls("cuGraphLaunch"), 0);
}

TEST_F(TensorRtPackage, AnEngineWithHostCodeIsOpenedOnlyWhereThatIsAllowed) {
  StandInPlan with_code = plan();
  with_code.version_compatible = true;
  write("engine.plan", test::plan_text(with_code));
  EXPECT_NO_THROW((void)open());
  LoadOptions options;
  options.trt_engine_host_code_allowed = false;
  EXPECT_THROW((void)open(options), Error);
}

TEST_F(TensorRtPackage, ManyThreadsGetWhatOneGets) {
  const auto model = open();
  const testing::GreyImage picture({90, 50}, 40);
  const Detections alone = expected(picture.view());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::size_t run = 0; run < 20; ++run) {
        const std::vector<ImageView> images(1 + run % 5, picture.view());
        for (const Detections& found : model->infer(images)) EXPECT_TRUE(found == alone);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(driver_.calls("cuCtxSynchronize"), 0);
}

}  // namespace
}  // namespace inference_exp
