#include "cli/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <sstream>
#include <stdexcept>

#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

/// Files take what the program writes, so that it never waits for a reader.
int spawn(std::vector<std::string> words, const fs::path& out, const fs::path& err) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("the program can't be started: " + words[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return exit_code_of(status);
}

}  // namespace

ProcessResult run_program(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{INFERENCE_EXP_CLI_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const TemporaryFolder folder;
  ProcessResult result;
  result.exit_code = spawn(words, folder / "out", folder / "err");
  result.out = content_of(folder / "out");
  result.err = content_of(folder / "err");
  return result;
}

std::string CliTest::picture(const std::string& name, const cv::Mat& pixels) const {
  const fs::path file = path(name);
  fs::create_directories(file.parent_path());
  EXPECT_TRUE(cv::imwrite(file.string(), pixels));
  return file.string();
}

std::string CliTest::bytes(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name).string();
}

std::string detector() { return asset("models/shapes-detector").string(); }
std::string shapes() { return asset("images/shapes.png").string(); }

cv::Mat read_picture(const fs::path& file) { return cv::imread(file.string(), cv::IMREAD_UNCHANGED); }

nlohmann::json parse_json(const std::string& text) {
  nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  EXPECT_FALSE(parsed.is_discarded()) << "not JSON: " << text.substr(0, 500);
  return parsed.is_discarded() ? nlohmann::json() : parsed;
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

}  // namespace inference_exp::testing
