// The plug-in, opened as a program opens it, with the checkpoint files that Python saved.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <thread>
#include <vector>

#include "inference_exp/errors.hpp"
#include "runtime/backend_registry.hpp"
#include "support/shared_data.hpp"
#include "support/tensor_recipe.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

const NetworkOptions kRfdetr{{"architecture", "rfdetr"}};

std::filesystem::path checkpoint(const std::string& name) {
  return testing::shared_dir() / "golden" / "checkpoints" / name;
}

std::shared_ptr<const Session> open(const std::string& name, const SessionOptions& options = {},
                                    const NetworkOptions& network = kRfdetr) {
  return open_session("torch", checkpoint(name), options, {}, network);
}

/// What the network answers to a picture made by recipe.
std::vector<float> answer_of(const Session& session, const std::string& picture = "picture") {
  std::vector<float> pixels = inference_exp::testing::fill(picture, std::size_t{3} * 112 * 112, 0, 1);
  const auto request = session.create_request();
  request->set_input(0, {.data = pixels.data(), .dtype = DType::f32, .shape = Shape{1, 3, 112, 112}});
  request->run();
  std::vector<float> values;
  for (std::size_t i = 0; i < session.outputs().size(); ++i) {
    const TensorView output = request->output(i);
    values.insert(values.end(), output.floats().begin(), output.floats().end());
  }
  return values;
}

class TorchBackend : public ::testing::Test {
 protected:
  void SetUp() override { REQUIRE_SHARED(folder, "golden/checkpoints"); }
};

TEST_F(TorchBackend, SaysWhatItIsAndWhichLibraryMultipliesMatrices) {
  const std::vector<BackendDescription> backends = describe_backends({});
  const auto torch = std::ranges::find(backends, "torch", &BackendDescription::name);
  ASSERT_NE(torch, backends.end());
  EXPECT_TRUE(torch->available) << torch->reason;
  EXPECT_THAT(torch->runtime_version, HasSubstr("."));
  EXPECT_THAT(torch->runtime_path, HasSubstr("torch"));
  EXPECT_THAT(torch->devices, Contains("cpu"));
  EXPECT_THAT(torch->math_library, Not(""));
}

TEST_F(TorchBackend, OpensACheckpointAndTellsItsPortsAndSettings) {
  const auto session = open("good/rfdetr_tiny_stripped.pth");
  ASSERT_EQ(session->inputs().size(), 1U);
  EXPECT_EQ(session->inputs()[0].name, "input");
  EXPECT_EQ(session->inputs()[0].shape, (Shape{-1, 3, -1, -1}));
  ASSERT_EQ(session->outputs().size(), 2U);
  EXPECT_EQ(session->outputs()[0].name, "dets");
  EXPECT_EQ(session->outputs()[0].shape, (Shape{-1, 12, 4}));
  EXPECT_EQ(session->outputs()[1].name, "labels");
  EXPECT_EQ(session->outputs()[1].shape, (Shape{-1, 12, 7}));
  EXPECT_EQ(session->metadata().at("resolution"), "112");
  EXPECT_EQ(session->metadata().at("patch_size"), "14");
  EXPECT_THAT(session->metadata().at("class_names"), AllOf(HasSubstr("background_class83422"), HasSubstr("日本")));
  EXPECT_EQ(session->metadata().at("runtime.device"), "cpu");
}

TEST_F(TorchBackend, HalfPrecisionFilesGiveNearlyTheSameAsSinglePrecisionOnes) {
  const std::vector<float> single = answer_of(*open("good/rfdetr_tiny_stripped.pth"));
  const std::vector<float> half = answer_of(*open("good/rfdetr_tiny_fp16.pth"));
  ASSERT_EQ(single.size(), half.size());
  std::size_t close = 0;
  for (std::size_t i = 0; i < single.size(); ++i) close += std::abs(single[i] - half[i]) < 0.2F ? 1 : 0;
  EXPECT_GT(close, single.size() * 9 / 10);  // proposals that swap move a few
}

TEST_F(TorchBackend, FourThreadsTimesFiftyRunsEqualOneThread) {
  const auto session = open("good/rfdetr_tiny_stripped.pth", {.intra_op_threads = 1});
  std::vector<std::vector<float>> serial;
  for (int i = 0; i < 4; ++i) serial.push_back(answer_of(*session, "picture " + std::to_string(i)));
  std::vector<int> differing(4, 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const auto slot = static_cast<std::size_t>(i);
      for (int round = 0; round < 50; ++round) {
        differing[slot] += answer_of(*session, "picture " + std::to_string(i)) == serial[slot] ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(differing, Each(0));
}

TEST_F(TorchBackend, WritesIntoTheCallersMemoryWhereThatIsSet) {
  const auto session = open("good/rfdetr_tiny_stripped.pth");
  std::vector<float> pixels(std::size_t{3} * 112 * 112, 0.5F);
  std::vector<float> boxes(48, -1);
  const auto request = session->create_request();
  request->set_input(0, {.data = pixels.data(), .dtype = DType::f32, .shape = Shape{1, 3, 112, 112}});
  request->set_output(0, {.data = boxes.data(), .dtype = DType::f32, .shape = Shape{1, 12, 4}});
  request->run();
  EXPECT_EQ(request->output(0).data, boxes.data());
  EXPECT_THAT(boxes, Not(Contains(-1.0F)));
}

template <typename ErrorType>
std::string thrown(const std::string& name, const SessionOptions& options = {},
                   const NetworkOptions& network = kRfdetr) {
  try {
    (void)open(name, options, network);
  } catch (const ErrorType& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(TorchBackend, RefusesCheckpointsThatWantToRunCode) {
  EXPECT_THAT(thrown<UntrustedCheckpointError>("bad/evil_os_system.pth"), HasSubstr("system"));
}

TEST_F(TorchBackend, NamesWhatIsMissingInACheckpointOrHasAnotherShape) {
  EXPECT_THAT(thrown<CorruptedModelPackageError>("bad/model_missing_key.pth"), HasSubstr("missing"));
  EXPECT_THAT(thrown<CorruptedModelPackageError>("bad/model_shape_mismatch.pth"), HasSubstr("shape"));
  EXPECT_THAT(thrown<CorruptedModelPackageError>("bad/model_no_model_key.pth"), HasSubstr("class_embed"));
}

TEST_F(TorchBackend, RefusesASizeThatTheWeightsDoNotHave) {
  EXPECT_THAT(thrown<CorruptedModelPackageError>("good/rfdetr_tiny_stripped.pth", {},
                                                 {{"architecture", "rfdetr"}, {"model_type", "rfdetr-base"}}),
              HasSubstr("rfdetr-base"));
}

TEST_F(TorchBackend, UsesOrRefusesWhatIsAskedFor) {
  const std::string file = "good/rfdetr_tiny_stripped.pth";
  EXPECT_THAT(thrown<EnvironmentConfigurationError>(file, {.device = "cuda:77"}), HasSubstr("cuda:77"));
  EXPECT_THAT(thrown<InvalidParameterError>(file, {.device = "abacus"}), HasSubstr("abacus"));
  EXPECT_THAT(thrown<EnvironmentConfigurationError>(file, {.device = "cpu", .precision = "float16"}),
              HasSubstr("float16"));
  EXPECT_THAT(thrown<InvalidParameterError>(file, {.precision = "float8"}), HasSubstr("float8"));
  EXPECT_THAT(thrown<InvalidParameterError>(file, {}, {{"architecture", "perceptron"}}), HasSubstr("perceptron"));
  EXPECT_THAT(thrown<InvalidParameterError>(file, {}, {{"architecture", "rfdetr"}, {"colour", "blue"}}),
              HasSubstr("colour"));
}

TEST_F(TorchBackend, ARunThatFailsLeavesTheRequestUsable) {
  const auto session = open("good/rfdetr_tiny_stripped.pth");
  std::vector<float> pixels(std::size_t{3} * 112 * 112, 0.5F);
  const auto request = session->create_request();
  EXPECT_THROW(request->run(), InvalidParameterError);
  request->set_input(0, {.data = pixels.data(), .dtype = DType::f32, .shape = Shape{1, 3, 112, 100}});
  EXPECT_THROW(request->run(), ModelRuntimeError);
  request->set_input(0, {.data = pixels.data(), .dtype = DType::f32, .shape = Shape{1, 3, 112, 112}});
  request->run();
  EXPECT_EQ(request->output(0).shape, (Shape{1, 12, 4}));
}

}  // namespace
}  // namespace inference_exp::runtime
