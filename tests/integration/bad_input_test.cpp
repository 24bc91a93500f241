// Bad packages and bad pictures: each a typed error, and the model works afterwards.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;

/// A copy of the embedded detector's package that a test may break.
class BrokenPackage : public ::testing::Test {
 protected:
  void SetUp() override { fs::copy(testing::asset("models/shapes-detector"), folder_, fs::copy_options::recursive); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] auto load() const { return AutoModel::from_pretrained<ObjectDetectionModel>(folder_.string()); }

  /// Loading throws CorruptedModelPackageError whose message names `file`.
  void expect_corrupted(const std::string& file) const {
    try {
      (void)load();
      FAIL() << "a broken " << file << " was accepted";
    } catch (const CorruptedModelPackageError& error) {
      EXPECT_NE(error.message().find(file), std::string::npos) << error.what();
      EXPECT_FALSE(error.hint().empty());
    }
  }

  testing::TemporaryFolder base_;
  fs::path folder_ = base_ / "package";
};

TEST_F(BrokenPackage, LoadsWhileItIsWhole) { EXPECT_NE(load(), nullptr); }

TEST_F(BrokenPackage, MissingFiles) {
  for (const std::string name : {"weights.onnx", "class_names.txt", "inference_config.json", "model_config.json"}) {
    const fs::path hidden = folder_ / "hidden";
    fs::rename(folder_ / name, hidden);
    expect_corrupted(name == "inference_config.json" ? "inference_config" : name);
    fs::rename(hidden, folder_ / name);
  }
  EXPECT_NE(load(), nullptr);
}

TEST_F(BrokenPackage, EmptyNetwork) {
  write("weights.onnx", "");
  expect_corrupted("weights.onnx");
}

TEST_F(BrokenPackage, TruncatedNetwork) {
  fs::resize_file(folder_ / "weights.onnx", fs::file_size(folder_ / "weights.onnx") / 2);
  expect_corrupted("weights.onnx");
}

TEST_F(BrokenPackage, GarbageNetwork) {
  write("weights.onnx", std::string(10000, 'x'));
  expect_corrupted("weights.onnx");
}

TEST_F(BrokenPackage, WrongClassCount) {
  write("class_names.txt", "only one\n");
  EXPECT_THROW((void)load(), CorruptedModelPackageError);
}

TEST_F(BrokenPackage, GarbageConfigurations) {
  write("inference_config.json", "{\"network_input\": 7}");
  expect_corrupted("inference_config.json");
  fs::copy_file(testing::asset("models/shapes-detector/inference_config.json"), folder_ / "inference_config.json",
                fs::copy_options::overwrite_existing);
  write("model_config.json", "[1, 2");
  expect_corrupted("model_config.json");
}

TEST_F(BrokenPackage, PackagesWithTheirOwnCodeAreRefused) {
  write("model_config.json", R"({"model_module": "model.py", "model_class": "Model"})");
  EXPECT_THROW((void)load(), ForbiddenLocalCodePackageAccessError);
}

TEST_F(BrokenPackage, ABackendThatIsNotInstalledIsNamed) {
  write("model_config.json",
        R"({"model_architecture": "yolov8", "task_type": "object-detection", "backend_type": "trt"})");
  write("engine.plan", "plan");
  write("trt_config.json", R"({"static_batch_size": 1})");
  try {
    (void)load();
    FAIL() << "there is no TensorRT plug-in";
  } catch (const MissingDependencyError& error) {
    // The plug-in, or, where it was built beside this test, what it needs.
    const std::string text = error.what();
    EXPECT_TRUE(text.find("trt backend") != text.npos || text.find("TensorRT") != text.npos) << text;
  }
}

TEST_F(BrokenPackage, AnUnknownArchitectureIsNamed) {
  write("model_config.json",
        R"({"model_architecture": "yolov99", "task_type": "object-detection", "backend_type": "onnx"})");
  try {
    (void)load();
    FAIL() << "there is no yolov99";
  } catch (const ModelImplementationNotFoundError& error) {
    EXPECT_NE(error.message().find("yolov99"), std::string::npos);
  }
}

TEST_F(BrokenPackage, AnUnknownExecutionProviderIsRefusedWithWhatThereIs) {
  LoadOptions options;
  options.session.execution_providers = {{"WarpDriveExecutionProvider", {}}};
  try {
    (void)AutoModel::from_pretrained(folder_.string(), options);
    FAIL() << "there is no such provider";
  } catch (const EnvironmentConfigurationError& error) {
    EXPECT_NE(std::string(error.what()).find("CPUExecutionProvider"), std::string::npos) << error.what();
  }
}

TEST_F(BrokenPackage, ABackendThatNobodyKnowsIsNotAllowedEither) {
  LoadOptions options;
  options.backends = {"onnx", "abacus"};
  EXPECT_THROW((void)AutoModel::from_pretrained(folder_.string(), options), UnknownBackendTypeError);
  options.backends = {"torch"};
  EXPECT_THROW((void)AutoModel::from_pretrained(folder_.string(), options), ModelPackageNegotiationError);
}

TEST_F(BrokenPackage, TheCallerMayLowerTheBatch) {
  LoadOptions options;
  options.max_batch_size = 2;
  EXPECT_EQ(AutoModel::from_pretrained(folder_.string(), options)->max_batch_size(), 2);
  options.max_batch_size = 0;
  EXPECT_THROW((void)AutoModel::from_pretrained(folder_.string(), options), InvalidParameterError);
}

TEST(BadModelPath, NothingThere) {
  for (const char* path : {"/no/such/model", "./no/such/model", "no/such/model.onnx", "no/such/folder/"}) {
    EXPECT_THROW((void)AutoModel::from_pretrained(path), ModelRetrievalError) << path;
  }
}

TEST(BadModelPath, NothingAtAllIsNoNameOfAModel) {
  for (const char* blank : {"", " ", "\n"}) {
    EXPECT_THROW((void)AutoModel::from_pretrained(blank), InvalidParameterError) << '"' << blank << '"';
  }
}

TEST(BadModelPath, LocalLoadingMayBeForbidden) {
  LoadOptions options;
  options.allow_direct_local_storage_loading = false;
  EXPECT_THROW((void)AutoModel::from_pretrained(testing::asset("models/shapes-detector").string(), options),
               DirectLocalStorageAccessError);
}

class BadImage : public ::testing::Test {
 protected:
  static const ObjectDetectionModel& model() {
    static const auto instance =
        AutoModel::from_pretrained<ObjectDetectionModel>(testing::asset("models/shapes-detector").string());
    return *instance;
  }
};

TEST_F(BadImage, EmptyOnesAreRefused) {
  EXPECT_THROW((void)model().infer(ImageView{}), ModelInputError);
  EXPECT_THROW((void)view(cv::Mat()), ModelInputError);
  const cv::Mat image(4, 4, CV_8UC3, cv::Scalar(1, 2, 3));
  ImageView flat = view(image);
  flat.size.height = 0;
  EXPECT_THROW((void)model().infer(flat), ModelInputError);
  EXPECT_THROW((void)model().infer(std::span<const ImageView>()), ModelInputError);
}

TEST_F(BadImage, OnePixelIsAnImage) {
  const cv::Mat image(1, 1, CV_8UC3, cv::Scalar(10, 200, 30));
  const Detections detections = model().infer(view(image));
  for (const Box& box : detections.xyxy()) {
    EXPECT_GE(box.x_min, 0);
    EXPECT_LE(box.x_max, 1);
  }
}

TEST_F(BadImage, TooThinForTheLetterboxIsRefusedAndTheModelGoesOn) {
  const cv::Mat image(2, 30000, CV_8UC3, cv::Scalar(0, 0, 0));
  EXPECT_THROW((void)model().infer(view(image)), ModelInputError);
  const cv::Mat wide(200, 30000, CV_8UC3, cv::Scalar(90, 90, 90));
  EXPECT_NO_THROW((void)model().infer(view(wide)));
}

TEST_F(BadImage, SixteenBitsAreRefusedAndAlphaIsIgnored) {
  EXPECT_THROW((void)view(cv::Mat(8, 8, CV_16UC3, cv::Scalar(0))), ModelInputError);
  const cv::Mat picture = cv::imread(testing::asset("images/shapes.png").string());
  cv::Mat with_alpha(picture.size(), CV_8UC4);
  const int from_to[] = {0, 0, 1, 1, 2, 2};
  cv::mixChannels(&picture, 1, &with_alpha, 1, from_to, 3);
  EXPECT_EQ(model().infer(view(with_alpha)), model().infer(view(picture)));
}

TEST_F(BadImage, OptionsOutOfRangeAreRefused) {
  const cv::Mat image(32, 32, CV_8UC3, cv::Scalar(0, 0, 0));
  InferenceOptions options;
  options.confidence = 1.5;
  EXPECT_THROW((void)model().infer(view(image), options), InvalidParameterError);
  options = {};
  options.max_detections = 0;
  EXPECT_THROW((void)model().infer(view(image), options), InvalidParameterError);
  options = {};
  options.per_class_confidence["no such class"] = 0.5;
  EXPECT_THROW((void)model().infer(view(image), options), InvalidParameterError);
}

}  // namespace
}  // namespace inference_exp
