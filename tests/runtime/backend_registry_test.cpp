#include "runtime/backend_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

#include "inference_exp/backend.h"
#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::filesystem::path> folder_of(const std::string& behaviour) {
  return {std::filesystem::path(STAND_IN_PLUGINS) / behaviour};
}

BackendDescription describe(const std::string& name, const std::vector<std::filesystem::path>& folders) {
  const std::vector<BackendDescription> all = describe_backends(folders);
  const auto found = std::ranges::find(all, name, &BackendDescription::name);
  EXPECT_NE(found, all.end()) << name << " is not described";
  return found != all.end() ? *found : BackendDescription{};
}

std::shared_ptr<const Session> open_good(const std::string& model = "model") {
  return open_session("stand_in", model, {}, folder_of("good"));
}

/// The message and hint of the exception of exactly this class; anything else is a failure.
template <typename Exception, typename Body>
std::string thrown_text(Body&& body) {
  try {
    body();
  } catch (const Exception& exception) {
    EXPECT_EQ(typeid(exception), typeid(Exception));
    return exception.what();
  } catch (const std::exception& exception) {
    ADD_FAILURE() << "another exception: " << exception.what();
    return {};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(BackendRegistry, DescribesAPluginByItsProbe) {
  const BackendDescription description = describe("stand_in", folder_of("good"));
  EXPECT_TRUE(description.available) << description.reason;
  EXPECT_THAT(description.reason, IsEmpty());
  EXPECT_THAT(description.plugin_path, HasSubstr("good/libinference_exp_backend_stand_in.so"));
  EXPECT_EQ(description.runtime_version, "7.8.9");
  EXPECT_EQ(description.runtime_path, "/opt/stand-in.so");
  EXPECT_THAT(description.execution_providers, ElementsAre("StandInExecutionProvider"));
  EXPECT_THAT(description.devices, ElementsAre("cpu"));
}

/// What to install: the plug-in, or, where it was built beside this test, the library that it needs.
const auto kNamesWhatToInstall =
    AnyOf(AllOf(HasSubstr("inference-exp-backend-tensorrt"), HasSubstr("-DINFERENCE_EXP_BACKEND_TRT=ON")),
          HasSubstr("libnvinfer10"));

TEST(BackendRegistry, DescribesKnownBackendsThatAreMissing) {
  const BackendDescription description = describe("trt", {});
  if (description.available) GTEST_SKIP() << "TensorRT is installed on this machine";
  EXPECT_THAT(description.reason, kNamesWhatToInstall);
}

struct Unusable {
  std::string behaviour;
  std::string reason;
};

class UnusablePlugin : public ::testing::TestWithParam<Unusable> {};

TEST_P(UnusablePlugin, IsListedWithItsReason) {
  const BackendDescription description = describe("stand_in", folder_of(GetParam().behaviour));
  EXPECT_FALSE(description.available);
  EXPECT_THAT(description.plugin_path, HasSubstr(GetParam().behaviour));
  EXPECT_THAT(description.reason, HasSubstr(GetParam().reason));
}

TEST_P(UnusablePlugin, IsRefusedAsMissing) {
  const std::string text = thrown_text<MissingDependencyError>(
      [] { (void)open_session("stand_in", "model", {}, folder_of(GetParam().behaviour)); });
  EXPECT_THAT(text, AllOf(HasSubstr("stand_in"), HasSubstr(GetParam().reason)));
}

INSTANTIATE_TEST_SUITE_P(
    BackendRegistry, UnusablePlugin,
    ::testing::Values(Unusable{"wrong_abi", "interface version 99"}, Unusable{"refuses_host", "does not serve"},
                      Unusable{"small_table", "too small"}, Unusable{"empty_entry", "empty entries"},
                      Unusable{"half_of_device_memory", "empty entries"},
                      Unusable{"other_name", "calls itself \"somebody_else\""},
                      Unusable{"no_symbol", "no symbol inference_exp_backend_v1"}, Unusable{"not_elf", ".so"}),
    [](const auto& instance) { return instance.param.behaviour; });

TEST(BackendRegistry, AnOlderPluginServesWithoutWhatItDoesNotKnow) {
  ASSERT_TRUE(describe("stand_in", folder_of("older_table")).available);
  const auto session = open_session("stand_in", "model", {}, folder_of("older_table"));
  EXPECT_EQ(session->cuda_device(), std::nullopt);
  EXPECT_EQ(session->create_request()->on_device(), nullptr);
}

TEST(BackendRegistry, ReportsAProbeThatFails) {
  const BackendDescription description = describe("stand_in", folder_of("probe_fails"));
  EXPECT_FALSE(description.available);
  EXPECT_THAT(description.reason,
              AllOf(HasSubstr("The stand-in's runtime is not installed."), HasSubstr("Install stand-in.")));
}

TEST(BackendRegistry, TheFirstFolderWins) {
  std::vector<std::filesystem::path> folders = folder_of("wrong_abi");
  folders.push_back(folder_of("good").front());
  EXPECT_FALSE(describe("stand_in", folders).available);
  std::ranges::reverse(folders);
  EXPECT_TRUE(describe("stand_in", folders).available);
}

TEST(BackendRegistry, SkipsFoldersThatDoNotExist) {
  std::vector<std::filesystem::path> folders{"/does/not/exist"};
  folders.push_back(folder_of("good").front());
  EXPECT_TRUE(describe("stand_in", folders).available);
}

TEST(BackendRegistry, AMissingKnownBackendNamesWhatToInstall) {
  const std::string text = thrown_text<MissingDependencyError>([] { (void)open_session("trt", "model", {}, {}); });
  EXPECT_THAT(text, kNamesWhatToInstall);
}

TEST(BackendRegistry, TorchScriptIsServedByTheTorchPlugin) {
  // Whether that plug-in is built beside this test or not, the error is its own or names what to install.
  try {
    (void)open_session("torch-script", "model", {}, {});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AnyOf(HasSubstr("inference-exp-backend-torch"), HasSubstr("checkpoint")));
  }
}

TEST(BackendRegistry, AnUnknownNameIsNotABackend) {
  for (const std::string name : {"nonsense", "", "../good/libinference_exp_backend_stand_in", "ONNX"}) {
    const std::string text =
        thrown_text<UnknownBackendTypeError>([&] { (void)open_session(name, "model", {}, folder_of("good")); });
    EXPECT_THAT(text, HasSubstr("\"" + name + "\""));
  }
}

TEST(BackendRegistry, EveryErrorCodeBecomesItsException) {
  const auto open_code = [](int code) { return [code] { (void)open_good("code_" + std::to_string(code)); }; };
  EXPECT_THAT(thrown_text<ModelRuntimeError>(open_code(IEXP_ERROR_MODEL_RUNTIME)), HasSubstr("The stand-in refuses."));
  EXPECT_THAT(thrown_text<CorruptedModelPackageError>(open_code(IEXP_ERROR_CORRUPTED_PACKAGE)),
              HasSubstr("Ask for another code."));
  EXPECT_THAT(thrown_text<MissingDependencyError>(open_code(IEXP_ERROR_MISSING_DEPENDENCY)), Not(IsEmpty()));
  EXPECT_THAT(thrown_text<EnvironmentConfigurationError>(open_code(IEXP_ERROR_ENVIRONMENT)), Not(IsEmpty()));
  EXPECT_THAT(thrown_text<InvalidParameterError>(open_code(IEXP_ERROR_INVALID_PARAMETER)), Not(IsEmpty()));
  EXPECT_THROW(open_code(IEXP_ERROR_OUT_OF_MEMORY)(), std::bad_alloc);
  EXPECT_THAT(thrown_text<OperationCancelledError>(open_code(IEXP_ERROR_CANCELLED)), Not(IsEmpty()));
  EXPECT_THAT(thrown_text<OutOfDeviceMemoryError>(open_code(IEXP_ERROR_DEVICE_MEMORY)), Not(IsEmpty()));
  EXPECT_THAT(thrown_text<ModelRuntimeError>(open_code(77)), HasSubstr("77"));
}

TEST(BackendRegistry, SurvivesErrorsWithoutTextOrWithoutItsEnd) {
  EXPECT_THAT(thrown_text<ModelRuntimeError>([] { (void)open_good("silent"); }), HasSubstr("without saying why"));
  EXPECT_THAT(thrown_text<ModelRuntimeError>([] { (void)open_good("unterminated"); }), HasSubstr("xxxx"));
}

TEST(PluginSession, ShowsTheNetworksPortsAndMetadata) {
  const auto session = open_good();
  ASSERT_EQ(session->inputs().size(), 1U);
  EXPECT_EQ(session->inputs()[0].name, "x");
  EXPECT_EQ(session->inputs()[0].dtype, DType::f32);
  EXPECT_EQ(session->inputs()[0].shape, (Shape{-1, 2}));
  EXPECT_EQ(session->backend(), "stand_in");
  EXPECT_EQ(session->metadata().at("task"), "addition");
}

TEST(PluginSession, RunsARequestAgainAndAgain) {
  const auto session = open_good();
  const auto request = session->create_request();
  std::array<float, 4> input{1, 2, 3, 4};
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {2, 2}});
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(2, 3, 4, 5));
  input[0] = 10;
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(11, 3, 4, 5));
}

TEST(PluginSession, WritesIntoTheCallersMemory) {
  const auto session = open_good();
  const auto request = session->create_request();
  std::array<float, 2> input{1, 2};
  std::array<float, 2> output{};
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {1, 2}});
  request->set_output(0, {.data = output.data(), .dtype = DType::f32, .shape = {1, 2}});
  request->run();
  EXPECT_EQ(request->output(0).data, output.data());
  EXPECT_THAT(output, ElementsAre(2, 3));
  request->set_output(0, {});
  request->run();
  EXPECT_NE(request->output(0).data, output.data());
}

TEST(PluginSession, StaysUsableAfterAnError) {
  const auto session = open_good();
  const auto request = session->create_request();
  EXPECT_THROW(request->run(), InvalidParameterError);
  std::array<float, 2> input{1, 2};
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {1, 2}});
  EXPECT_NO_THROW(request->run());
  EXPECT_THROW(request->set_input(1, {}), InvalidParameterError);
}

TEST(BackendRegistry, IsSafeFromManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([] {
      EXPECT_TRUE(describe("stand_in", folder_of("good")).available);
      EXPECT_EQ(open_good()->inputs().size(), 1U);
      EXPECT_FALSE(describe("stand_in", folder_of("not_elf")).available);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace inference_exp::runtime
