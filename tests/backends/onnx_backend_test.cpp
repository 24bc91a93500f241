// The onnx plug-in on small networks written by the tests themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "backends/onnx_writer.hpp"
#include "inference_exp/errors.hpp"
#include "runtime/backend_registry.hpp"
#include "runtime/batch_runner.hpp"
#include "runtime/tensor_cast.hpp"
#include "support/allocation_counter.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::identity_model;
using testing::mean_model;
using testing::OnnxModel;
using testing::OnnxType;

class OnnxBackend : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<const Session> open(const OnnxModel& model, const SessionOptions& options = {}) const {
    return open_bytes(testing::onnx_bytes(model), options);
  }
  [[nodiscard]] std::shared_ptr<const Session> open_bytes(std::string_view bytes,
                                                          const SessionOptions& options = {}) const {
    testing::write_file(file_, bytes);
    return open_session("onnx", file_, options, {});
  }
  /// The text of the error of this class that opening an identity network with these options gives.
  template <typename Exception>
  [[nodiscard]] std::string refusal(const SessionOptions& options) const {
    try {
      (void)open(identity_model(OnnxType::f32, {"n"}), options);
    } catch (const Exception& exception) {
      return exception.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }
  template <typename Body>
  [[nodiscard]] std::string corruption(Body&& body) const {
    try {
      body();
    } catch (const CorruptedModelPackageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(file_.string()));
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "network.onnx";
};

TEST_F(OnnxBackend, IsDescribedAsAvailable) {
  for (const BackendDescription& backend : describe_backends({})) {
    if (backend.name != "onnx") continue;
    EXPECT_TRUE(backend.available) << backend.reason;
    EXPECT_THAT(backend.runtime_version, HasSubstr("1."));
    EXPECT_THAT(backend.runtime_path, HasSubstr("libonnxruntime"));
    EXPECT_THAT(backend.execution_providers, ::testing::Contains("CPUExecutionProvider"));
    EXPECT_THAT(backend.devices, ::testing::Contains("cpu"));
  }
}

TEST_F(OnnxBackend, ShowsPortsAndMetadata) {
  OnnxModel model = identity_model(OnnxType::f16, {"batch", 3});
  model.metadata = {{"task", "detect"}, {"names", "{0: 'cat'}"}, {"empty", ""}};
  const auto session = open(model);
  ASSERT_EQ(session->inputs().size(), 1U);
  EXPECT_EQ(session->inputs()[0].name, "x");
  EXPECT_EQ(session->inputs()[0].dtype, DType::f16);
  EXPECT_EQ(session->inputs()[0].shape, (Shape{-1, 3}));
  EXPECT_EQ(session->outputs()[0].name, "y");
  EXPECT_EQ(session->metadata().at("task"), "detect");
  EXPECT_EQ(session->metadata().at("names"), "{0: 'cat'}");
  EXPECT_EQ(session->metadata().at("empty"), "");
  EXPECT_EQ(session->metadata().at("runtime.execution_provider"), "CPUExecutionProvider");
}

TEST_F(OnnxBackend, WritesIntoTheCallersMemoryWithoutACopy) {
  const auto session = open(identity_model(OnnxType::f32, {"n"}));
  const auto request = session->create_request();
  std::array<float, 3> input{1, 2, 3};
  std::array<float, 3> output{};
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {3}});
  request->set_output(0, {.data = output.data(), .dtype = DType::f32, .shape = {3}});
  request->run();
  EXPECT_THAT(output, ElementsAre(1, 2, 3));
  EXPECT_EQ(request->output(0).data, output.data());
  input[0] = 9;  // the next run reads the same memory
  request->run();
  EXPECT_THAT(output, ElementsAre(9, 2, 3));
}

TEST_F(OnnxBackend, AllocatesOutputsThatNobodyBinds) {
  const auto session = open(identity_model(OnnxType::f32, {"n"}));
  const auto request = session->create_request();
  std::array<float, 3> input{1, 2, 3};
  for (const std::int64_t count : {3, 1, 2}) {  // a new shape each run
    request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {count}});
    request->run();
    EXPECT_EQ(request->output(0).shape, Shape{count});
    EXPECT_NE(request->output(0).data, input.data());
  }
  std::array<float, 2> output{};
  request->set_output(0, {.data = output.data(), .dtype = DType::f32, .shape = {2}});
  request->run();
  request->set_output(0, {});
  input[1] = 7;
  request->run();
  EXPECT_THAT(output, ElementsAre(1, 2)) << "memory was written after it was taken back";
  EXPECT_THAT(request->output(0).floats(), ElementsAre(1, 7));
}

TEST_F(OnnxBackend, OutputShapesMayDependOnTheData) {
  OnnxModel model{.inputs = {{"x", OnnxType::f32, {"n"}}},
                  .outputs = {{"y", OnnxType::i64, {1, "found"}}},
                  .nodes = {{"NonZero", {"x"}, {"y"}, {}}},
                  .metadata = {}};
  const auto session = open(model);
  const auto request = session->create_request();
  std::array<float, 4> input{0, 1, 0, 1};
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {4}});
  request->run();
  EXPECT_EQ(request->output(0).shape, (Shape{1, 2}));
  EXPECT_EQ(request->output(0).dtype, DType::i64);
  input = {0, 0, 0, 0};
  request->run();
  EXPECT_EQ(request->output(0).shape, (Shape{1, 0}));
}

TEST_F(OnnxBackend, BindingTheSameMemoryAgainTakesNothingFromTheHeap) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns the heap";
  const auto session = open(identity_model(OnnxType::f32, {"n"}));
  const auto request = session->create_request();
  std::array<float, 3> input{1, 2, 3};
  const TensorView view{.data = input.data(), .dtype = DType::f32, .shape = {3}};
  request->set_input(0, view);
  request->run();
  const std::size_t before = testing::allocations();
  request->set_input(0, view);
  EXPECT_EQ(testing::allocations() - before, 0U);
}

TEST_F(OnnxBackend, RefusesTensorsThatDoNotFit) {
  const auto session = open(identity_model(OnnxType::f32, {"n", 2}));
  const auto request = session->create_request();
  std::array<float, 6> data{};
  const auto set = [&](DType dtype, Shape shape) { request->set_input(0, {data.data(), dtype, shape}); };
  EXPECT_THROW(set(DType::f16, {1, 2}), InvalidParameterError);
  EXPECT_THROW(set(DType::f32, {1, 3}), InvalidParameterError);
  EXPECT_THROW(set(DType::f32, {2}), InvalidParameterError);
  EXPECT_THROW(set(DType::f32, {-1, 2}), InvalidParameterError);
  EXPECT_THROW(request->set_input(0, {nullptr, DType::f32, {1, 2}}), InvalidParameterError);
  EXPECT_THROW(request->set_input(1, {data.data(), DType::f32, {1, 2}}), InvalidParameterError);
  EXPECT_THROW(request->run(), InvalidParameterError) << "no input is set";
  EXPECT_THROW((void)request->output(0), InvalidParameterError) << "nothing ran";
  set(DType::f32, {3, 2});
  EXPECT_NO_THROW(request->run());
}

TEST_F(OnnxBackend, ARunThatFailsLeavesTheRequestUsable) {
  OnnxModel model{.inputs = {{"a", OnnxType::f32, {"n"}}, {"b", OnnxType::f32, {"m"}}},
                  .outputs = {{"y", OnnxType::f32, {"k"}}},
                  .nodes = {{"Add", {"a", "b"}, {"y"}, {}}},
                  .metadata = {}};
  const auto session = open(model);
  const auto request = session->create_request();
  std::array<float, 3> data{1, 2, 3};
  request->set_input(0, {data.data(), DType::f32, {3}});
  request->set_input(1, {data.data(), DType::f32, {2}});
  EXPECT_THROW(request->run(), ModelRuntimeError);
  EXPECT_THROW((void)request->output(0), InvalidParameterError);
  request->set_input(1, {data.data(), DType::f32, {3}});
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(2, 4, 6));
}

TEST_F(OnnxBackend, ImagesAreCastToTheNetworksType) {
  for (const OnnxType type : {OnnxType::f32, OnnxType::f16, OnnxType::f64}) {
    const auto session = open(mean_model(type, "batch"));
    const BatchRunner runner(session, batch_limits(*session, {}));
    std::vector<float> means;
    runner.run(
        3, {.width = 4, .height = 2},
        [](std::size_t index, std::span<float> slot) { std::ranges::fill(slot, 0.5F * static_cast<float>(index)); },
        [&](std::size_t, std::span<const TensorView> outputs) { means.push_back(outputs[0].floats()[0]); });
    EXPECT_THAT(means, ElementsAre(0, 0.5F, 1)) << static_cast<int>(type);
  }
}

TEST_F(OnnxBackend, AStaticBatchIsPaddedAndSplit) {
  const auto session = open(mean_model(OnnxType::f32, 3, 2, 2));
  const BatchLimits limits = batch_limits(*session, {});
  EXPECT_EQ(limits.min, 3);
  EXPECT_EQ(limits.max, 3);
  const BatchRunner runner(session, limits);
  std::vector<float> means;
  runner.run(
      5, {.width = 2, .height = 2},
      [](std::size_t index, std::span<float> slot) { std::ranges::fill(slot, static_cast<float>(index)); },
      [&](std::size_t, std::span<const TensorView> outputs) { means.push_back(outputs[0].floats()[0]); });
  EXPECT_THAT(means, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(OnnxBackend, ImagesOfAnotherSizeThanTheNetworksAreRefused) {
  const auto session = open(mean_model(OnnxType::f32, 1, 2, 2));
  const BatchRunner runner(session, batch_limits(*session, {}));
  EXPECT_THROW(runner.run(
                   1, {.width = 4, .height = 2}, [](std::size_t, std::span<float>) {},
                   [](std::size_t, std::span<const TensorView>) {}),
               InvalidParameterError);
}

TEST_F(OnnxBackend, RequestsOfOneSessionRunAtOnce) {
  const auto session = open(mean_model(OnnxType::f32, "batch"));
  const BatchRunner runner(session, batch_limits(*session, {}));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, value = static_cast<float>(thread)] {
      for (int round = 0; round < 20; ++round) {
        runner.run(
            2, {.width = 8, .height = 8}, [&](std::size_t, std::span<float> slot) { std::ranges::fill(slot, value); },
            [&](std::size_t, std::span<const TensorView> outputs) { EXPECT_EQ(outputs[0].floats()[0], value); });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(OnnxBackend, ManySessionsOpenAndCloseAtOnce) {
  const std::string bytes = testing::onnx_bytes(identity_model(OnnxType::f32, {"n"}));
  testing::write_file(file_, bytes);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this] {
      for (int round = 0; round < 5; ++round) {
        const auto session = open_session("onnx", file_, {.intra_op_threads = 2}, {});
        const auto request = session->create_request();
        std::array<float, 1> input{5};
        request->set_input(0, {input.data(), DType::f32, {1}});
        request->run();
        EXPECT_EQ(request->output(0).floats()[0], 5);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(OnnxBackend, BadFilesAreCorruptedPackages) {
  EXPECT_THAT(corruption([&] { (void)open_session("onnx", file_, {}, {}); }), HasSubstr("missing"));
  EXPECT_THAT(corruption([&] { (void)open_bytes(""); }), HasSubstr("empty"));
  (void)corruption([&] { (void)open_bytes("This is not a model."); });
  (void)corruption([&] { (void)open_bytes(std::string(4096, '\xFF')); });
  OnnxModel unknown = identity_model(OnnxType::f32, {"n"});
  unknown.nodes[0].operation = "NoSuchOperation";
  (void)corruption([&] { (void)open(unknown); });
  OnnxModel future = identity_model(OnnxType::f32, {"n"});
  future.opset = 9999;
  (void)corruption([&] { (void)open(future); });
}

TEST_F(OnnxBackend, FilesCutShortAreCorruptedPackages) {
  const std::string whole = testing::onnx_bytes(mean_model(OnnxType::f32, "batch"));
  for (const std::size_t size : {std::size_t{1}, std::size_t{5}, whole.size() / 2, whole.size() - 1}) {
    (void)corruption([&] { (void)open_bytes(whole.substr(0, size)); });
  }
}

TEST_F(OnnxBackend, OptionsThatAnOnnxFileHasNoUseForAreRefused) {
  EXPECT_THAT(refusal<InvalidParameterError>({.precision = "float16"}), HasSubstr("precision"));
}

TEST_F(OnnxBackend, AFolderIsNotAModel) {
  try {
    (void)open_session("onnx", ::testing::TempDir(), {}, {});
    FAIL() << "nothing was thrown";
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("not a regular file"));
  }
}

TEST_F(OnnxBackend, PortsWithoutAReadableTypeAreRefused) {
  EXPECT_THROW((void)open(identity_model(OnnxType::string, {"n"})), CorruptedModelPackageError);
  EXPECT_THROW((void)open(identity_model(OnnxType::u32, {"n"})), CorruptedModelPackageError);
}

TEST_F(OnnxBackend, AnUnknownProviderIsRefusedWithWhatIsAvailable) {
  EXPECT_THAT(
      refusal<EnvironmentConfigurationError>({.execution_providers = {{"NoSuchExecutionProvider", {}}}}),
      AllOf(HasSubstr("NoSuchExecutionProvider"), HasSubstr("Available here: "), HasSubstr("CPUExecutionProvider")));
  EXPECT_THAT(refusal<EnvironmentConfigurationError>(
                  {.execution_providers = {{"CPUExecutionProvider", {}}, {"NoSuchExecutionProvider", {}}}}),
              HasSubstr("NoSuchExecutionProvider"));
}

TEST_F(OnnxBackend, DevicesAreUsedOrRefused) {
  EXPECT_NO_THROW((void)open(identity_model(OnnxType::f32, {"n"}), {.device = "cpu"}));
  for (const std::string device : {"tpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:99999999999999"}) {
    EXPECT_THAT(refusal<InvalidParameterError>({.device = device}), HasSubstr("\"" + device + "\""));
  }
}

TEST_F(OnnxBackend, ContradictionsAreRefused) {
  EXPECT_THAT(refusal<InvalidParameterError>({.device = "cuda", .execution_providers = {{"CPUExecutionProvider", {}}}}),
              HasSubstr("cuda"));
  EXPECT_THAT(refusal<InvalidParameterError>(
                  {.execution_providers = {{"CPUExecutionProvider", {}}, {"CPUExecutionProvider", {}}}}),
              HasSubstr("twice"));
  EXPECT_THAT(refusal<InvalidParameterError>({.execution_providers = {{"CPUExecutionProvider", {{"speed", "9"}}}}}),
              HasSubstr("speed"));
  EXPECT_THAT(refusal<InvalidParameterError>({.intra_op_threads = -1}), HasSubstr("-1"));
  EXPECT_THAT(refusal<InvalidParameterError>({.inter_op_threads = 5000}), HasSubstr("5000"));
}

TEST_F(OnnxBackend, AnAbsentGpuIsNeverReplaced) {
  for (const BackendDescription& backend : describe_backends({})) {
    const auto& providers = backend.execution_providers;
    if (std::ranges::find(providers, "CUDAExecutionProvider") != providers.end()) {
      GTEST_SKIP() << "SKIPPED: this machine has CUDA";
    }
  }
  EXPECT_THAT(refusal<EnvironmentConfigurationError>({.device = "cuda"}), HasSubstr("CUDAExecutionProvider"));
  EXPECT_THAT(refusal<EnvironmentConfigurationError>({.device = "cuda:1"}), HasSubstr("CUDAExecutionProvider"));
  EXPECT_THAT(refusal<EnvironmentConfigurationError>(
                  {.execution_providers = {{"CUDAExecutionProvider", {}}, {"CPUExecutionProvider", {}}}}),
              HasSubstr("CUDAExecutionProvider"));
}

TEST_F(OnnxBackend, ThreadAndSpinningSettingsAreAccepted) {
  for (const std::optional<bool> spinning : {std::optional<bool>(), std::optional(false), std::optional(true)}) {
    const auto session = open(mean_model(OnnxType::f32, "batch"),
                              {.intra_op_threads = 2, .inter_op_threads = 2, .allow_spinning = spinning});
    const BatchRunner runner(session, {});
    float mean = 0;
    runner.run(
        1, {.width = 2, .height = 2}, [](std::size_t, std::span<float> slot) { std::ranges::fill(slot, 3.0F); },
        [&](std::size_t, std::span<const TensorView> outputs) { mean = outputs[0].floats()[0]; });
    EXPECT_EQ(mean, 3);
  }
}

}  // namespace
}  // namespace inference_exp::runtime
