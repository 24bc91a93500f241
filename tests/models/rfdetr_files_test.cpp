// RF-DETR from files on this machine: packages of several backends and checkpoints, through the front door.
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "backends/onnx_writer.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/errors.hpp"
#include "models/rfdetr_postprocess.hpp"
#include "models/yolo_fixtures.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using testing::GreyImage;
using ::testing::HasSubstr;

using Files = std::map<std::string, std::string>;

constexpr const char* kToldSize = "architecture=rfdetr, model_type=rfdetr-nano";

/// Finds the stand-in for Torch, and no other plug-in of that name.
LoadOptions with_stand_in() {
  LoadOptions options;
  options.backend_paths = {STAND_IN_TORCH};
  return options;
}

void write_files(const testing::TemporaryFolder& folder, const Files& files) {
  for (const auto& [name, text] : files) std::ofstream(folder / name, std::ios::binary) << text;
}

Files package(const std::string& backend) {
  return {{"model_config.json",
           R"({"model_architecture": "rfdetr", "task_type": "object-detection", "backend_type": ")" + backend + "\"}"},
          {"class_names.txt", "red\ngreen\nblue\n"}};
}

std::string stretch_config(int size, const std::string& more = "") {
  const std::string side = std::to_string(size);
  return R"({"network_input": {"training_input_size": {"height": )" + side + R"(, "width": )" + side +
         R"(}, "dynamic_spatial_size_supported": false, "color_mode": "rgb", "resize_mode": "stretch",
             "input_channels": 3, "scaling_factor": 255)" +
         more + "}}";
}

Files torch_package() {
  Files files = package("torch");
  files["model_type.json"] = R"({"project_task_type": "object-detection", "model_type": "rfdetr-nano"})";
  files["weights.pth"] = kToldSize;
  return files;
}

std::string environment(const std::string& format) {
  return R"({"PREPROCESSING": "{\"resize\": {\"enabled\": true, \"width\": 112, \"height\": 112, \"format\": \")" +
         format + R"(\"}}"})";
}

std::unique_ptr<ObjectDetectionModel> load(const std::filesystem::path& path) {
  return AutoModel::from_pretrained<ObjectDetectionModel>(path.string(), with_stand_in());
}

/// What the stand-in sees of the first pixel, in the order of its channels, brightest score first.
std::vector<float> scores(const ObjectDetectionModel& model, const GreyImage& image) {
  InferenceOptions options;
  options.confidence = 0.0;
  const Detections detections = model.infer(image.view(), options);
  EXPECT_EQ(detections.size(), 1U) << "one query";
  return {detections.confidence().begin(), detections.confidence().end()};
}

/// White's blue channel after ImageNet's normalization is the largest of the three.
const float kWhite = models::sigmoid((1 - 0.406F) / 0.225F);

TEST(RfdetrFiles, ATorchPackageTellsThePlugInItsSize) {
  const testing::TemporaryFolder folder;
  write_files(folder, torch_package());
  write_files(folder, {{"inference_config.json", stretch_config(112)}});
  const auto model = load(folder.path());
  EXPECT_EQ(model->backend(), "torch");
  EXPECT_EQ(model->input_size(), (Size{112, 112}));
  EXPECT_THAT(scores(*model, GreyImage({50, 50}, 255)), ElementsAre(models::sigmoid(1))) << "not normalized";

  write_files(folder, {{"model_type.json", R"({"model_type": "rfdetr-base"})"}});
  try {
    (void)load(folder.path());
    FAIL() << "another size was told";
  } catch (const InvalidParameterError& error) {
    EXPECT_THAT(error.message(), HasSubstr("architecture=rfdetr, model_type=rfdetr-base"));
  }
}

TEST(RfdetrFiles, ATorchPackageMustSayItsSize) {
  const testing::TemporaryFolder folder;
  Files files = torch_package();
  files.erase("model_type.json");
  files["inference_config.json"] = stretch_config(112);
  write_files(folder, files);
  try {
    (void)load(folder.path());
    FAIL() << "no size was told";
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_THAT(error.message(), HasSubstr("model_type.json"));
  }
}

TEST(RfdetrFiles, AnOlderPackageIsNormalizedAsTrainingDoes) {
  const testing::TemporaryFolder folder;
  write_files(folder, torch_package());
  write_files(folder, {{"environment.json", environment("Stretch to")}});
  EXPECT_FLOAT_EQ(scores(*load(folder.path()), GreyImage({50, 50}, 255))[0], kWhite);
}

TEST(RfdetrFiles, AnOlderPackageKeepsItsLetterboxAndLosesItsBackground) {
  const testing::TemporaryFolder folder;
  write_files(folder, torch_package());
  write_files(folder, {{"environment.json", environment("Fit (white edges) in")},
                       {"class_names.txt", "background_class83422\ngreen\nblue\n"}});
  const auto model = load(folder.path());
  EXPECT_THAT(model->class_names(), ElementsAre("green", "blue"));
  const Detections detections = model->infer(GreyImage({50, 100}, 0).view());
  EXPECT_THAT(detections.class_id(), ElementsAre(1));
  EXPECT_FLOAT_EQ(detections.confidence()[0], kWhite) << "the first pixel is padding";
  EXPECT_THAT(detections.xyxy(), ElementsAre(Box{0, 25, 50, 75})) << "half of the square, more than the image";
}

TEST(RfdetrFiles, ACheckpointNeedsNoPackage) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"checkpoint.pth", "checkpoint.pt"}) {
    write_files(folder, {{name, "architecture=rfdetr"}});
    const auto model = load(folder / name);
    EXPECT_EQ(model->architecture(), "rfdetr");
    EXPECT_EQ(model->input_size(), (Size{112, 112}));
    EXPECT_THAT(model->class_names(), ElementsAre("red", "green", "blue"));
    EXPECT_FLOAT_EQ(scores(*model, GreyImage({50, 50}, 255))[0], kWhite);
  }
}

TEST(RfdetrFiles, ACheckpointTakesSizeResolutionAndBatchFromTheCaller) {
  const testing::TemporaryFolder folder;
  write_files(folder, {{"checkpoint.pth", kToldSize}});
  LoadOptions options = with_stand_in();
  options.backends = {"torch"};
  options.model_type = "rfdetr-nano";
  options.resolution = 224;
  options.max_batch_size = 2;
  const auto model = AutoModel::from_pretrained((folder / "checkpoint.pth").string(), options);
  EXPECT_EQ(model->input_size(), (Size{224, 224}));
  EXPECT_EQ(model->max_batch_size(), 2);
}

TEST(RfdetrFiles, ACheckpointIsNotOpenedForOptionsThatItCannotHave) {
  const testing::TemporaryFolder folder;
  write_files(folder, {{"checkpoint.pth", "never told"}});
  const std::string file = (folder / "checkpoint.pth").string();
  LoadOptions options = with_stand_in();
  options.architecture = "yolov8";
  EXPECT_THROW((void)AutoModel::from_pretrained(file, options), InvalidModelInitParameterError);
  options = with_stand_in();
  options.model_type = "rfdetr-seg-nano";
  EXPECT_THROW((void)AutoModel::from_pretrained(file, options), InvalidModelInitParameterError);
  options = with_stand_in();
  options.backends = {"onnx"};
  EXPECT_THROW((void)AutoModel::from_pretrained(file, options), ModelPackageNegotiationError);
}

TEST(RfdetrFiles, FilesOfOtherKindsAreRefusedNamingWhatIsTaken) {
  const testing::TemporaryFolder folder;
  write_files(folder, {{"weights.tflite", "x"}});
  try {
    (void)AutoModel::from_pretrained((folder / "weights.tflite").string());
    FAIL() << "a file of an unknown kind was opened";
  } catch (const InvalidModelInitParameterError& error) {
    EXPECT_THAT(error.hint(), HasSubstr(".onnx or .pth"));
  }
}

#ifdef WITH_ONNX
/// Four queries: their boxes are the rows of the red channel, their logits those of the green one.
testing::OnnxModel mirror_network() {
  const auto ints = [](std::int64_t value) { return std::vector<std::int64_t>{value}; };
  testing::OnnxModel model{.inputs = {{"input", testing::OnnxType::f32, {"batch", 3, 4, 4}}},
                           .outputs = {{"labels", testing::OnnxType::f32, {"batch", 4, 4}},
                                       {"dets", testing::OnnxType::f32, {"batch", 4, 4}}},
                           .nodes = {},
                           .metadata = {},
                           .opset = 9};
  for (const auto& [channel, name] : {std::pair<std::int64_t, const char*>{0, "dets"}, {1, "labels"}}) {
    const std::string plane = std::string(name) + "_plane";
    model.nodes.push_back(
        {"Slice", {"input"}, {plane}, {{"axes", ints(1)}, {"starts", ints(channel)}, {"ends", ints(channel + 1)}}});
    model.nodes.push_back({"Squeeze", {plane}, {name}, {{"axes", ints(1)}}});
  }
  return model;
}

TEST(RfdetrFiles, AnOnnxPackageRunsFromPixelsToBoxes) {
  const testing::TemporaryFolder folder;
  Files files = package("onnx");
  files["weights.onnx"] = testing::onnx_bytes(mirror_network());
  files["inference_config.json"] = stretch_config(4);
  write_files(folder, files);
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(folder.path().string());
  EXPECT_EQ(model->backend(), "onnx");

  std::vector<std::uint8_t> pixels(std::size_t{4} * 4 * 3);
  for (std::size_t i = 0; i < 16; ++i) pixels[i * 3] = 128;  // every box is the middle half of the image
  pixels[(2 * 4 + 1) * 3 + 1] = 255;                         // the third query finds the second class
  pixels[(3 * 4 + 3) * 3 + 1] = 255;                         // the fourth one a class without a name
  InferenceOptions options;
  options.confidence = 0.6;
  const Detections detections = model->infer(ImageView::from_u8(pixels.data(), {4, 4}, PixelFormat::rgb), options);
  EXPECT_THAT(detections.xyxy(), ElementsAre(Box{1, 1, 3, 3}));
  EXPECT_THAT(detections.class_id(), ElementsAre(1));
  EXPECT_FLOAT_EQ(detections.confidence()[0], models::sigmoid(1));
}
#endif

}  // namespace
}  // namespace inference_exp
