// YOLO packages of TorchScript through the front door.
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "backends/torch/torchscript_modules.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/errors.hpp"
#include "models/yolo_fixtures.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp {
namespace {

using testing::FakeOutput;
using testing::GreyImage;
using ::testing::HasSubstr;

constexpr std::int64_t kAnchors = 40;
constexpr std::int64_t kSize = 64;

std::string configuration(const std::string& forward_pass) {
  return R"({"network_input": {"training_input_size": {"height": 64, "width": 64},
             "dynamic_spatial_size_supported": false, "color_mode": "rgb", "resize_mode": "letterbox",
             "padding_value": 0, "input_channels": 3, "scaling_factor": 255},
             "post_processing": {"type": "nms", "fused": false}, "forward_pass": )" +
         forward_pass + "}";
}

void write_package(const testing::TemporaryFolder& folder, const torch::jit::Module& module, const std::string& task,
                   const std::string& forward_pass) {
  const std::map<std::string, std::string> files{
      {"model_config.json",
       R"({"model_architecture": "yolov8", "task_type": ")" + task + R"(", "backend_type": "torch-script"})"},
      {"class_names.txt", "class 0\nclass 1\n"},
      {"inference_config.json", configuration(forward_pass)}};
  for (const auto& [name, text] : files) std::ofstream(folder / name) << text;
  testing::saved(module, folder / "weights.torchscript");
}

template <typename T>
std::unique_ptr<T> load(const testing::TemporaryFolder& folder) {
  return AutoModel::from_pretrained<T>(folder.path().string(), LoadOptions{});
}

/// What the network answers to black (index 0) and, as the last, to white.
FakeOutput known_answers(torch::jit::Module module) {
  FakeOutput output{Shape{-1, 6, kAnchors}, Shape{6, kAnchors}, {}};
  for (const double grey : {0.0, 1.0}) {
    const at::Tensor answer = module.forward({at::full({1, 3, kSize, kSize}, grey)}).toTensor().contiguous();
    output.answers.emplace_back(answer.data_ptr<float>(), answer.data_ptr<float>() + answer.numel());
  }
  output.answers.resize(256, output.answers[0]);
  std::swap(output.answers[1], output.answers[255]);
  return output;
}

std::unique_ptr<ObjectDetectionModel> known_by_heart(const torch::jit::Module& module) {
  return testing::make<ObjectDetectionModel>(
      testing::yolo_init("yolov8", "object-detection", kSize, 2, {known_answers(module)}));
}

TEST(TorchScriptYolo, FindsWhatTheSameNumbersMeanFromAnyBackend) {
  const testing::TemporaryFolder folder;
  const torch::jit::Module module = testing::yolo_module(kAnchors, kSize);
  write_package(folder, module, "object-detection", R"({"static_batch_size": 1})");
  const auto model = load<ObjectDetectionModel>(folder);
  EXPECT_EQ(model->backend(), "torch");
  EXPECT_EQ(model->max_batch_size(), 1);
  const auto expected = known_by_heart(module);
  for (const std::uint8_t grey : {0, 255}) {
    const GreyImage image({64, 64}, grey);
    const Detections found = model->infer(image.view());
    EXPECT_GT(found.size(), 1U);
    EXPECT_EQ(found, expected->infer(image.view()));
  }
}

TEST(TorchScriptYolo, FillsUpTheBatchThatItWasExportedWith) {
  const testing::TemporaryFolder folder;
  const torch::jit::Module module = testing::yolo_module(kAnchors, kSize);
  write_package(folder, module, "object-detection", R"({"static_batch_size": 2})");
  const auto model = load<ObjectDetectionModel>(folder);
  EXPECT_EQ(model->max_batch_size(), 2);
  const GreyImage black({64, 64}, 0);
  const GreyImage white({64, 64}, 255);
  const std::vector<ImageView> images{black.view(), white.view(), white.view()};
  const std::vector<Detections> found = model->infer(images);
  const auto expected = known_by_heart(module);
  ASSERT_EQ(found.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(found[i], expected->infer(images[i])) << i;
}

TEST(TorchScriptYolo, SegmentsWithTheSecondOutputAsPrototypes) {
  const testing::TemporaryFolder folder;
  torch::jit::Module module = testing::yolo_module(kAnchors, kSize);
  module.define(R"(
    def coefficients(self, x):
      return torch.ones([x.size(0), 4, 40]), torch.ones([x.size(0), 4, 16, 16])
  )");
  torch::jit::Module whole("__torch__.net.Whole");
  whole.register_module("detect", module);
  whole.define(R"(
    def forward(self, x):
      coefficients, prototypes = self.detect.coefficients(x)
      return torch.cat([self.detect.forward(x), coefficients], 1), prototypes
  )");
  write_package(folder, whole, "instance-segmentation", R"({"static_batch_size": 1})");
  const auto model = load<InstanceSegmentationModel>(folder);
  const GreyImage image({64, 64}, 255);
  const auto expected = known_by_heart(module);
  EXPECT_EQ(model->infer(image.view()).detections.size(), expected->infer(image.view()).size());
}

TEST(TorchScriptYolo, APackageMustNameItsBatch) {
  const testing::TemporaryFolder folder;
  write_package(folder, testing::yolo_module(kAnchors, kSize), "object-detection", "{}");
  try {
    (void)load<ObjectDetectionModel>(folder);
    FAIL() << "nothing was thrown";
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("static_batch_size"));
  }
}

TEST(TorchScriptYolo, AnOutputOfAnotherRankIsNoYolo) {
  const testing::TemporaryFolder folder;
  write_package(folder, testing::script_module("def forward(self, x):\n  return x"), "object-detection",
                R"({"static_batch_size": 1})");
  try {
    (void)load<ObjectDetectionModel>(folder);
    FAIL() << "nothing was thrown";
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("[1, 3, 64, 64]"));
  }
}

}  // namespace
}  // namespace inference_exp
