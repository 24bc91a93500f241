// Runs the real program and looks at what it leaves behind.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

namespace inference_exp::testing {

struct ProcessResult {
  int exit_code = -1;  ///< -signal when it was ended by one
  std::string out;
  std::string err;
};

/// Runs inference-exp with `arguments`, no terminal attached.
ProcessResult run_program(const std::vector<std::string>& arguments);

/// A folder of its own for each test, removed afterwards.
class CliTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  /// Writes a picture and answers its path; `parameters` as for cv::imwrite.
  std::string picture(const std::string& name, const cv::Mat& pixels) const;
  std::string bytes(const std::string& name, const std::string& content) const;

 private:
  TemporaryFolder folder_;
};

/// The embedded default model and the picture it is shown with.
std::string detector();
std::string shapes();
cv::Mat read_picture(const std::filesystem::path& file);

/// The parsed text; a failed expectation and null when it isn't JSON.
nlohmann::json parse_json(const std::string& text);

/// The names of a folder's files, sorted.
std::vector<std::string> files_in(const std::filesystem::path& folder);

}  // namespace inference_exp::testing
