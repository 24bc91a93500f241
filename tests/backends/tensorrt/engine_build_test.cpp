// Building engines: what a request becomes, what is refused, and that nothing half-made is ever left.
#include <algorithm>
#include <atomic>
#include <map>
#include <sstream>

#include "backends/tensorrt/fixture.hpp"
#include "runtime/plugin.hpp"

namespace inference_exp::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string text_of_file(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

/// What the caller's functions saw, and what they are to answer.
struct Caller {
  std::atomic<int> progress_calls{0};
  std::atomic<int> calls_until_stop{-1};  ///< -1: never
  std::string stop_in;                    ///< a phase
  int batches = 0;                        ///< of calibration, to be given
  std::size_t batch_bytes = 0;
  std::map<std::string, std::string> facts;

  static std::int32_t progress(void* user, const char* phase, std::int32_t step, std::int32_t steps) {
    Caller& caller = *static_cast<Caller*>(user);
    EXPECT_TRUE(steps == 0 || step < steps) << phase;
    ++caller.progress_calls;
    if (!caller.stop_in.empty() && caller.stop_in == phase) return 0;
    return caller.calls_until_stop < 0 || caller.calls_until_stop-- > 0 ? 1 : 0;
  }
  static std::int32_t calibration(void* user, void* batch, std::size_t bytes) {
    Caller& caller = *static_cast<Caller*>(user);
    caller.batch_bytes = bytes;
    if (caller.batches-- <= 0) return 0;
    std::fill_n(static_cast<float*>(batch), bytes / sizeof(float), 0.5F);
    return 1;
  }
};

struct Outcome {
  std::int32_t code = IEXP_OK;
  std::string message;
  std::string hint;
};

class EngineBuild : public TensorRtTest {
 protected:
  [[nodiscard]] static StandInPlan network(Dimensions images, ElementType type = ElementType::f32) {
    StandInPlan network{
        .io = {input_tensor("images", type, images), output_tensor("output", ElementType::f32, images)}};
    network.io[0].profiles.clear();
    return network;
  }

  void write_network(const StandInPlan& network) const {
    std::ofstream(source_, std::ios::binary) << onnx_text(network);
  }

  /// A request for a dynamic batch of up to 8, with the caller's functions.
  [[nodiscard]] iexp_compile_request dynamic_batch() {
    iexp_compile_request request = fixed();
    request.batch_min = 1;
    request.batch_opt = 4;
    request.batch_max = 8;
    return request;
  }
  [[nodiscard]] iexp_compile_request fixed() {
    iexp_compile_request request{};
    request.struct_size = sizeof(iexp_compile_request);
    request.source_path = source_.c_str();
    request.target_path = file_.c_str();
    request.user = &caller_;
    request.progress = &Caller::progress;
    request.facts = [](void* user, const char* key, const char* value) {
      static_cast<Caller*>(user)->facts[key] = value;
    };
    return request;
  }
  [[nodiscard]] iexp_compile_request int8() {
    iexp_compile_request request = dynamic_batch();
    request.precision = "int8";
    request.calibration_batch = &Caller::calibration;
    request.calibration_batch_size = 4;
    return request;
  }

  static Outcome compile(const iexp_compile_request& request) {
    iexp_error error = runtime::empty_error();
    const std::int32_t code = table().compile(&request, &error);
    return {.code = code, .message = error.message, .hint = error.hint};
  }
  [[nodiscard]] StandInPlan built() const { return parse_plan(text_of_file(file_)); }

  void expect_nothing_left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename().string());
    EXPECT_THAT(names, IsSubsetOf({"network.onnx", "timing.cache"}));
  }
  void expect_refused(const iexp_compile_request& request, const std::string& part,
                      std::int32_t code = IEXP_ERROR_INVALID_PARAMETER) const {
    const Outcome outcome = compile(request);
    EXPECT_EQ(outcome.code, code) << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr(part));
    expect_nothing_left();
  }

  fs::path source_ = folder_ / "network.onnx";
  Caller caller_;
};

TEST_F(EngineBuild, ADynamicBatchBecomesAProfile) {
  write_network(network({-1, 3, 4, 6}));
  const Outcome outcome = compile(dynamic_batch());
  ASSERT_EQ(outcome.code, IEXP_OK) << outcome.message;
  const IoTensor input = built().io.front();
  ASSERT_EQ(input.profiles.size(), 1U);
  EXPECT_THAT(input.profiles[0].min, ElementsAre(1, 3, 4, 6));
  EXPECT_THAT(input.profiles[0].opt, ElementsAre(4, 3, 4, 6));
  EXPECT_THAT(input.profiles[0].max, ElementsAre(8, 3, 4, 6));
  EXPECT_EQ(built().build.at("precision"), "fp32");
}

TEST_F(EngineBuild, ADynamicSizeIsFixedToTheGivenOne) {
  write_network(network({-1, 3, -1, -1}));
  iexp_compile_request request = dynamic_batch();
  request.input_height = 32;
  request.input_width = 64;
  ASSERT_EQ(compile(request).code, IEXP_OK);
  EXPECT_THAT(built().io.front().profiles[0].min, ElementsAre(1, 3, 32, 64));
  EXPECT_THAT(built().io.front().profiles[0].max, ElementsAre(8, 3, 32, 64));
}

TEST_F(EngineBuild, AFixedNetworkNeedsNoNumbersAndTakesItsOwn) {
  write_network(network({2, 3, 4, 6}));
  ASSERT_EQ(compile(fixed()).code, IEXP_OK);
  iexp_compile_request same = fixed();
  same.batch_min = same.batch_opt = same.batch_max = 2;
  same.input_height = 4;
  same.input_width = 6;
  EXPECT_EQ(compile(same).code, IEXP_OK);
  EXPECT_THAT(caller_.facts, AllOf(Contains(Pair("batch_max", "2")), Contains(Pair("input_width", "6"))));
}

TEST_F(EngineBuild, TellsTheFactsAtTheEnd) {
  write_network(network({-1, 3, 4, 6}));
  ASSERT_EQ(compile(dynamic_batch()).code, IEXP_OK);
  const std::string driver = caller_.facts["cuda_driver"];
  EXPECT_GE(std::stoi(driver), 11000) << "1000 * major + 10 * minor";
  EXPECT_THAT(caller_.facts,
              UnorderedElementsAre(Pair("runtime_version", kStandInTensorRtVersion),
                                   Pair("device_name", "Stand-in GPU"), Pair("compute_capability", "8.6"),
                                   Pair("cuda_driver", driver), Pair("batch_min", "1"), Pair("batch_opt", "4"),
                                   Pair("batch_max", "8"), Pair("input_height", "4"), Pair("input_width", "6")));
}

TEST_F(EngineBuild, TheEngineRunsInASession) {
  write_network(network({-1, 3, 4, 6}));
  ASSERT_EQ(compile(dynamic_batch()).code, IEXP_OK);
  const Opened session = runtime::open_session("trt", file_, {}, plugin_folders(), {});
  EXPECT_EQ(session->metadata().at("runtime.batch_max"), "8");
}

TEST_F(EngineBuild, SettingsReachTheBuilder) {
  write_network(network({-1, 3, 4, 6}));
  iexp_compile_request request = dynamic_batch();
  request.precision = "fp16";
  request.workspace_bytes = 123456;
  request.version_compatible = 1;
  request.same_compute_capability = 1;
  ASSERT_EQ(compile(request).code, IEXP_OK);
  EXPECT_EQ(built().build.at("precision"), "fp16");
  EXPECT_EQ(built().build.at("workspace_bytes"), "123456");
  EXPECT_EQ(built().build.at("same_compute_capability"), "1");
  EXPECT_TRUE(built().version_compatible);
}

TEST_F(EngineBuild, WorksWithoutAnyOfTheCallersFunctions) {
  write_network(network({1, 3, 4, 6}));
  iexp_compile_request request = fixed();
  request.progress = nullptr;
  request.facts = nullptr;
  EXPECT_EQ(compile(request).code, IEXP_OK);
  EXPECT_EQ(caller_.progress_calls, 0);
}

TEST_F(EngineBuild, ReplacesAnOlderEngineWhole) {
  write_network(network({1, 3, 4, 6}));
  std::ofstream(file_) << "an older engine";
  ASSERT_EQ(compile(fixed()).code, IEXP_OK);
  EXPECT_EQ(built().io.size(), 2U);
}

TEST_F(EngineBuild, Int8TakesItsBatchesFromTheCaller) {
  write_network(network({-1, 3, 4, 6}));
  caller_.batches = 3;
  ASSERT_EQ(compile(int8()).code, IEXP_OK);
  EXPECT_EQ(caller_.batch_bytes, 4U * 3 * 4 * 6 * sizeof(float));
  EXPECT_EQ(built().build.at("precision"), "int8");
  EXPECT_EQ(built().build.at("calibration_batches"), "3");
  EXPECT_EQ(std::stod(built().build.at("calibration_sum")), 3 * 4 * 3 * 4 * 6 * 0.5);
}

TEST_F(EngineBuild, CanBeStoppedBetweenCalibrationBatches) {
  write_network(network({-1, 3, 4, 6}));
  caller_.batches = 3;
  caller_.stop_in = "Calibrating";
  expect_refused(int8(), "cancelled", IEXP_ERROR_CANCELLED);
  EXPECT_EQ(caller_.batches, 3) << "no batch is asked for any more";
}

TEST_F(EngineBuild, Int8NeedsImagesThatFit) {
  write_network(network({-1, 3, 4, 6}));
  iexp_compile_request without = int8();
  without.calibration_batch = nullptr;
  expect_refused(without, "none were given");
  iexp_compile_request larger = int8();
  larger.calibration_batch_size = 9;
  expect_refused(larger, "batches of 9");
  write_network(network({-1, 3, 4, 6}, ElementType::f16));
  expect_refused(int8(), "float16");
}

TEST_F(EngineBuild, ATimingCacheIsUsedAgainAndAgain) {
  write_network(network({1, 3, 4, 6}));
  const fs::path cache = folder_ / "timing.cache";
  iexp_compile_request request = fixed();
  request.timing_cache_path = cache.c_str();
  ASSERT_EQ(compile(request).code, IEXP_OK);
  EXPECT_EQ(built().build.at("timing_cache_uses"), "0");
  ASSERT_EQ(compile(request).code, IEXP_OK);
  EXPECT_EQ(built().build.at("timing_cache_uses"), "1");
}

TEST_F(EngineBuild, ATimingCacheThatIsNoneOrCannotBeWrittenIsNoError) {
  write_network(network({1, 3, 4, 6}));
  const fs::path cache = folder_ / "timing.cache";
  iexp_compile_request request = fixed();
  request.timing_cache_path = cache.c_str();
  std::ofstream(cache) << "something else";
  ASSERT_EQ(compile(request).code, IEXP_OK);
  EXPECT_EQ(built().build.at("timing_cache_uses"), "0");
  const fs::path nowhere = folder_ / "no such folder" / "timing.cache";
  request.timing_cache_path = nowhere.c_str();
  EXPECT_EQ(compile(request).code, IEXP_OK);
  const fs::path taken = folder_ / "taken";
  fs::create_directories(taken / "by a folder");
  request.timing_cache_path = taken.c_str();
  EXPECT_EQ(compile(request).code, IEXP_OK);
}

TEST_F(EngineBuild, CanBeStoppedAtEveryPointAndLeavesNothing) {
  write_network(network({-1, 3, 4, 6}));
  const fs::path cache = folder_ / "timing.cache";
  iexp_compile_request request = dynamic_batch();
  request.timing_cache_path = cache.c_str();
  ASSERT_EQ(compile(request).code, IEXP_OK);
  const int calls = caller_.progress_calls;
  fs::remove(file_);
  EXPECT_GT(calls, 10) << "of the builder's own phases, too";
  for (int stop = 0; stop < calls; ++stop) {
    caller_.calls_until_stop = stop;
    const Outcome outcome = compile(request);
    EXPECT_EQ(outcome.code, IEXP_ERROR_CANCELLED) << "at call " << stop << ": " << outcome.message;
    expect_nothing_left();
  }
}

TEST_F(EngineBuild, AStoppedBuildKeepsTheOlderEngine) {
  write_network(network({1, 3, 4, 6}));
  std::ofstream(file_) << "an older engine";
  caller_.stop_in = "Writing the engine";
  EXPECT_EQ(compile(fixed()).code, IEXP_ERROR_CANCELLED);
  EXPECT_EQ(text_of_file(file_), "an older engine");
}

TEST_F(EngineBuild, FailuresOfTheBuilderArriveTyped) {
  write_network(network({-1, 3, 4, 6}));
  for (const std::int32_t code : {IEXP_ERROR_DEVICE_MEMORY, IEXP_ERROR_MODEL_RUNTIME}) {
    trt_.fail_build_in("Timing tactics", code);
    expect_refused(dynamic_batch(), "Timing tactics", code);
  }
  trt_.fail_build_in("", IEXP_OK);
  for (const char* call : {"library", "onnx_inputs", "build"}) {
    trt_.fail(call, IEXP_ERROR_MISSING_DEPENDENCY);
    expect_refused(dynamic_batch(), "", IEXP_ERROR_MISSING_DEPENDENCY);
  }
}

TEST_F(EngineBuild, RefusesRequestsWithoutWhatTheyNeed) {
  write_network(network({-1, 3, 4, 6}));
  iexp_compile_request request = dynamic_batch();
  request.source_path = nullptr;
  expect_refused(request, "No ONNX file");
  request = dynamic_batch();
  request.target_path = "";
  expect_refused(request, "No file is named to write");
  request = dynamic_batch();
  request.precision = "fp8";
  expect_refused(request, "fp8");
  request = dynamic_batch();
  request.input_height = -1;
  expect_refused(request, "negative");
  request = dynamic_batch();
  request.struct_size = 8;
  expect_refused(request, "request");
  EXPECT_EQ(table().compile(nullptr, nullptr), IEXP_ERROR_INVALID_PARAMETER);
}

TEST_F(EngineBuild, RefusesBatchesThatTheNetworkDoesNotTake) {
  write_network(network({-1, 3, 4, 6}));
  expect_refused(fixed(), "0:0:0");
  iexp_compile_request request = dynamic_batch();
  request.batch_opt = 9;
  expect_refused(request, "1:9:8");
  write_network(network({2, 3, 4, 6}));
  expect_refused(dynamic_batch(), "batches of 2");
}

TEST_F(EngineBuild, RefusesSizesThatTheNetworkDoesNotTake) {
  write_network(network({-1, 3, -1, -1}));
  iexp_compile_request request = dynamic_batch();
  expect_refused(request, "height is dynamic");
  request.input_height = 32;
  expect_refused(request, "width is dynamic");
  write_network(network({-1, 3, 4, 6}));
  expect_refused(request, "height 4; 32");
}

TEST_F(EngineBuild, RefusesNetworksThatTakeNoImages) {
  write_network(network({-1, 4, 4, 6}));
  expect_refused(dynamic_batch(), "[?, 4, 4, 6]");
  write_network(network({-1, 3, 24}));
  expect_refused(dynamic_batch(), "[?, 3, 24]");
  write_network(network({-1, 3, 4, 6}, ElementType::i64));
  expect_refused(dynamic_batch(), "neither float32 nor float16");
  StandInPlan two = network({-1, 3, 4, 6});
  two.io.push_back(input_tensor("sizes", ElementType::i64, {1, 2}));
  write_network(two);
  expect_refused(dynamic_batch(), "2 inputs (images, sizes)");
  write_network({.io = {output_tensor("output", ElementType::f32, {1})}});
  expect_refused(dynamic_batch(), "0 inputs");
}

TEST_F(EngineBuild, AFileThatIsMissingOrNoNetworkIsCorrupted) {
  expect_refused(dynamic_batch(), "network.onnx is missing", IEXP_ERROR_CORRUPTED_PACKAGE);
  std::ofstream(source_) << "no network";
  expect_refused(dynamic_batch(), "network.onnx", IEXP_ERROR_CORRUPTED_PACKAGE);
}

/// Told before minutes of building, not after.
TEST_F(EngineBuild, AFolderThatCannotBeWrittenToIsToldAtOnce) {
  write_network(network({-1, 3, 4, 6}));
  const fs::path nowhere = folder_ / "no such folder" / "engine.plan";
  iexp_compile_request request = dynamic_batch();
  request.target_path = nowhere.c_str();
  expect_refused(request, nowhere.string(), IEXP_ERROR_ENVIRONMENT);
  EXPECT_EQ(trt_.calls("build"), 0);
}

TEST_F(EngineBuild, ATargetThatIsAFolderIsRefusedAndKept) {
  write_network(network({1, 3, 4, 6}));
  fs::create_directories(file_ / "inside");
  const Outcome outcome = compile(fixed());
  EXPECT_EQ(outcome.code, IEXP_ERROR_ENVIRONMENT);
  EXPECT_THAT(outcome.message, HasSubstr("engine.plan cannot be written"));
  EXPECT_TRUE(fs::exists(file_ / "inside"));
}

TEST_F(EngineBuild, BuildsOnTheDeviceThatWasAskedFor) {
  write_network(network({1, 3, 4, 6}));
  iexp_compile_request request = fixed();
  request.device = "cuda:1";
  EXPECT_EQ(compile(request).code, IEXP_OK);
  request.device = "cuda:2";
  EXPECT_EQ(compile(request).code, IEXP_ERROR_ENVIRONMENT);
  request.device = "cpu";
  EXPECT_EQ(compile(request).code, IEXP_ERROR_ENVIRONMENT);
  request.device = "tpu";
  EXPECT_EQ(compile(request).code, IEXP_ERROR_INVALID_PARAMETER);
}

}  // namespace
}  // namespace inference_exp::test
