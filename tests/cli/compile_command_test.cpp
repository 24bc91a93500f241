// The command `compile`, with a plug-in that stands in for TensorRT's (tests/integration/stand_in_compiler.cpp).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/process.hpp"
#include "support/model_registry.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CompileCommand : public CliTest {
 protected:
  CompileCommand() {
    setenv("STAND_IN_COMPILER", "", 1);
    setenv("STAND_IN_RECORD", path("record").c_str(), 1);
    // The machine's GPUs are stand-ins too: libraries of NVIDIA's names.
    setenv("LD_LIBRARY_PATH", STAND_IN_NVIDIA, 1);
  }
  ~CompileCommand() override { unsetenv("LD_LIBRARY_PATH"); }

  /// With this test's cache and plug-in.
  [[nodiscard]] std::vector<std::string> words(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--backend-path", STAND_IN_COMPILER_FOLDER, "--cache", path("cache").string()});
    return arguments;
  }
  [[nodiscard]] ProcessResult compile(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "compile");
    return run_program(words(std::move(arguments)));
  }
  /// To be written to; a folder's name with "-trt" would lie in the sources.
  [[nodiscard]] std::string output() const { return path("out").string(); }
  [[nodiscard]] std::string record() const {
    std::ifstream stream(path("record"));
    return {std::istreambuf_iterator<char>(stream), {}};
  }
};

TEST_F(CompileCommand, SaysWhatItMadeAndHowNearItComes) {
  const ProcessResult result =
      compile({detector(), "--output", output(), "--images", shapes(), "--batch", "1:2:4", "--precision", "fp32"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr(output()), HasSubstr("fp32"), HasSubstr("1 to 4, best 2"),
                                HasSubstr("tesla-t4"), HasSubstr("on 1 images"), HasSubstr("MAX DIFFERENCE")));
  EXPECT_THAT(result.err, HasSubstr("Building the stand-in\n")) << "a line for each phase where there is no terminal";
  EXPECT_THAT(record(), HasSubstr("batch=1:2:4"));
  EXPECT_EQ(run_program(words({"infer", output(), shapes(), "--json", "-"})).out,
            run_program({"infer", detector(), shapes(), "--json", "-"}).out);
}

TEST_F(CompileCommand, AsJson) {
  const ProcessResult result =
      compile({detector(), "--output", output(), "--json", "--workspace", "16", "--same-compute-capability"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json made = parse_json(result.out);
  EXPECT_EQ(made["folder"], output());
  EXPECT_EQ(made["precision"], "fp16");
  EXPECT_EQ(made["accuracy"]["made_up_image"], true);
  EXPECT_THAT(record(), AllOf(HasSubstr("workspace=16777216"), HasSubstr("compatible=01")));
}

TEST_F(CompileCommand, Int8TakesItsImagesFromAFolder) {
  picture("photos/a.png", read_picture(shapes()));
  picture("photos/b.png", read_picture(shapes()));
  const ProcessResult result =
      compile({detector(), "--output", output(), "--precision", "int8", "--images", path("photos").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(record(), AllOf(HasSubstr("precision=int8"), HasSubstr("calibration=2 of 1\n")));
}

TEST_F(CompileCommand, MistakesAreUsageErrors) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--batch", "4:2:1"},
                                                {"--batch", "none"},
                                                {"--precision", "fp8"},
                                                {"--image-size", "640"},
                                                {"--workspace", "0"},
                                                {"--images", path("nothing").string()},
                                                {"--backend", "onnx"},
                                                {"--precision", "int8"},
                                                {"--image-size", "640x320"}}) {
    std::vector<std::string> arguments{detector(), "--output", output()};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    const ProcessResult result = compile(arguments);
    EXPECT_EQ(result.exit_code, 2) << wrong.front() << " " << wrong.back() << "\n" << result.err;
  }
  EXPECT_THAT(record(), IsEmpty());
}

TEST_F(CompileCommand, AnImageThatCannotBeDecodedIsNamed) {
  picture("photos/a.png", read_picture(shapes()));
  std::ofstream(path("photos/b.png")) << "no picture";
  const ProcessResult result = compile({detector(), "--output", output(), "--images", path("photos").string()});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("ModelInputError"), HasSubstr(path("photos/b.png").string())));
}

TEST_F(CompileCommand, FailuresHaveTheirExitCodes) {
  setenv("STAND_IN_COMPILER", "fails", 1);
  const ProcessResult failed = compile({detector(), "--output", output()});
  EXPECT_EQ(failed.exit_code, 5);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("OutOfDeviceMemoryError"), HasSubstr("Give it more.")));
  setenv("STAND_IN_COMPILER", "opens_only", 1);
  EXPECT_EQ(compile({detector(), "--output", output()}).exit_code, 4);
  EXPECT_FALSE(fs::exists(output()));
}

/// The program under way, for signals.
class RunningProgram {
 public:
  RunningProgram(std::vector<std::string> arguments, const fs::path& err) {
    arguments.insert(arguments.begin(), INFERENCE_EXP_CLI_PROGRAM);
    std::vector<char*> argv;
    for (std::string& word : arguments) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    EXPECT_EQ(posix_spawn(&id_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;
  ~RunningProgram() {
    if (id_ != 0) (void)finish(SIGKILL);
  }
  /// Its wait status after `signal`.
  int finish(int signal) {
    ::kill(id_, signal);
    int status = 0;
    waitpid(std::exchange(id_, 0), &status, 0);
    return status;
  }

 private:
  pid_t id_ = 0;
};

class CompileSignals : public CompileCommand {
 protected:
  CompileSignals() { setenv("STAND_IN_COMPILER", "waits", 1); }

  /// Sends `signal` once the builder is at work; the wait status.
  [[nodiscard]] int stop_with(int signal, const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = arguments;
    all.insert(all.begin(), "compile");
    const fs::path err = path("err");
    RunningProgram program(words(all), err);
    const auto is_building = [&] {
      std::ifstream stream(err);
      return std::string(std::istreambuf_iterator<char>(stream), {}).find("Building the stand-in") != std::string::npos;
    };
    for (int i = 0; i < 3000 && !is_building(); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(is_building());
    return program.finish(signal);
  }
  /// Everything in this test's folder but the cache's own parts.
  [[nodiscard]] std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path(""))) names.push_back(entry.path().filename().string());
    std::erase_if(names, [](const std::string& name) { return name == "cache" || name == "err"; });
    return names;
  }
};

TEST_F(CompileSignals, CtrlCLeavesNothing) {
  const int status = stop_with(SIGINT, {detector(), "--output", output()});
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(CompileSignals, AKilledCompilationLeavesNoPackage) {
  ModelRegistry registry;
  registry.add_model("shapes/1", "shapes-640");
  registry.add_package("shapes/1", "aaaa1111", asset("models/shapes-detector"));
  setenv("ROBOFLOW_API_HOST", registry.host().c_str(), 1);
  EXPECT_TRUE(WIFSIGNALED(stop_with(SIGKILL, {"shapes/1"})));
  const ProcessResult explained = run_program(words({"explain", "shapes/1", "--allow-untrusted"}));
  EXPECT_THAT(explained.out, AllOf(HasSubstr("aaaa1111"), Not(HasSubstr("localtrt"))));
  EXPECT_THAT(run_program({"cache", "prune", "--cache", path("cache").string()}).out, HasSubstr(".localtrt."));

  setenv("STAND_IN_COMPILER", "", 1);
  const ProcessResult compiled = compile({"shapes/1", "--json"});
  ASSERT_EQ(compiled.exit_code, 0) << compiled.err;
  const std::string id = parse_json(compiled.out)["package_id"];
  EXPECT_THAT(run_program(words({"explain", "shapes/1", "--allow-untrusted"})).out, HasSubstr(id));
  EXPECT_THAT(run_program(words({"infer", "shapes/1", shapes(), "--allow-untrusted", "--json", "-"})).exit_code, 0);
  EXPECT_THAT(compile({"shapes/1"}).out, HasSubstr("nothing was compiled"));
}

}  // namespace
}  // namespace inference_exp::testing
