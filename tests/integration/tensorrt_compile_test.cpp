// From an ONNX package folder to predictions of the engine made of it, with the TensorRT plug-in itself in between:
// only TensorRT and the driver are stand-ins. What compiling does beside that is in compile_test.cpp.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "backends/tensorrt/stand_in_plan.hpp"
#include "backends/tensorrt/stand_in_tensorrt.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/backend.h"
#include "inference_exp/compile.hpp"
#include "inference_exp/errors.hpp"
#include "support/cuda/stand_in_driver.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::int64_t kSide = 320;

class TensorRtCompile : public ::testing::Test {
 protected:
  TensorRtCompile() {
    // What the machine probe asks: libraries that are open already answer to their names.
    EXPECT_NE(dlopen(STAND_IN_CUDA, RTLD_NOW | RTLD_LOCAL), nullptr);
    EXPECT_NE(dlopen(STAND_IN_TENSORRT, RTLD_NOW | RTLD_LOCAL), nullptr);
    driver_.reset();
    trt_.reset();
    fs::copy(testing::asset("models/shapes-detector"), source_, fs::copy_options::recursive);
    test::StandInPlan network;
    network.io = {test::input_tensor("images", tensorrt::ElementType::f32, {-1, 3, kSide, kSide}),
                  test::output_tensor("output0", tensorrt::ElementType::f32, {-1, 10, 2100})};
    network.operation = "mean";
    std::ofstream(source_ / "weights.onnx.stand_in") << test::onnx_text(network);
    options_.load.backend_paths = {fs::path(STAND_IN_TRT_PLUGIN).parent_path()};
    options_.load.hub.cache_home = place_ / "cache";
    options_.output = place_ / "engine";
  }
  ~TensorRtCompile() override { EXPECT_THAT(trt_.violations(), IsEmpty()); }

  [[nodiscard]] test::StandInPlan built() const {
    std::ifstream stream(options_.output / "engine.plan", std::ios::binary);
    return test::parse_plan(std::string(std::istreambuf_iterator<char>(stream), {}));
  }

  test::StandInDriver& driver_ = test::use_stand_in_driver();
  test::StandInTensorRt& trt_ = test::stand_in_tensorrt(STAND_IN_TRT_PLUGIN);
  testing::TemporaryFolder place_;
  fs::path source_ = place_ / "detector";
  CompileOptions options_;
};

TEST_F(TensorRtCompile, MakesAPackageThatOpensAndRuns) {
  options_.batch = EngineBatch{1, 2, 4};
  std::mutex mutex;
  std::set<std::string> phases;
  options_.progress = [&](const CompileProgress& progress) {
    const std::scoped_lock lock(mutex);
    phases.insert(progress.phase);
    return true;
  };
  const CompiledPackage compiled = compile_model(source_.string(), options_);
  EXPECT_EQ(compiled.batch, (EngineBatch{1, 2, 4}));
  EXPECT_EQ(compiled.image_size, (Size{320, 320}));
  EXPECT_EQ(compiled.trt_version, "10.3.0.30") << "as the machine probe spells it, which loads compare with";
  EXPECT_THAT(compiled.accuracy.outputs, SizeIs(1)) << "both networks ran on the same pixels";
  EXPECT_THAT(phases, Contains("Building engine"));
  EXPECT_THAT(built().build, Contains(Pair("precision", "fp16")));
  EXPECT_EQ(built().io.front().profiles.front().max.front(), 4);

  const auto engine = AutoModel::from_pretrained<ObjectDetectionModel>(compiled.folder.string(), options_.load);
  EXPECT_EQ(engine->backend(), "trt");
  EXPECT_EQ(engine->max_batch_size(), 4);
  const std::vector<std::uint8_t> pixels(std::size_t{200} * 100 * 3, 80);
  EXPECT_NO_THROW((void)engine->infer(ImageView::from_u8(pixels.data(), {200, 100}, PixelFormat::rgb)));
}

TEST_F(TensorRtCompile, LeavesNothingWhenItIsCancelledWithinTheBuild) {
  std::atomic<bool> building{false};
  options_.progress = [&](const CompileProgress& progress) {
    if (progress.phase == "Timing tactics") building = true;
    return !building;
  };
  EXPECT_THROW((void)compile_model(source_.string(), options_), OperationCancelledError);
  EXPECT_TRUE(building);
  EXPECT_FALSE(fs::exists(options_.output));
  std::vector<fs::path> left;
  for (const fs::directory_entry& entry : fs::directory_iterator(place_.path()))
    left.push_back(entry.path().filename());
  EXPECT_THAT(left, ::testing::IsSubsetOf({fs::path("detector"), fs::path("cache")}));
}

TEST_F(TensorRtCompile, KeepsNoEngineThatDoesNotOpen) {
  trt_.fail("deserialize", IEXP_ERROR_CORRUPTED_PACKAGE);
  EXPECT_THROW((void)compile_model(source_.string(), options_), CorruptedModelPackageError);
  EXPECT_FALSE(fs::exists(options_.output));
}

TEST_F(TensorRtCompile, WithoutDeviceMemoryForTheBuildSaysSo) {
  trt_.fail_build_in("Building engine", IEXP_ERROR_DEVICE_MEMORY);
  EXPECT_THROW((void)compile_model(source_.string(), options_), OutOfDeviceMemoryError);
  EXPECT_FALSE(fs::exists(options_.output));
}

}  // namespace
}  // namespace inference_exp
