// A machine with a GPU and a compiler that are stand-ins, for tests that compile.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "inference_exp/compile.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::testing {

/// Libraries that are open already answer to their names: from now on this process has two GPUs and TensorRT 10.3.0.30.
inline void pretend_gpus() {
  static const bool opened = [] {
    bool all = true;
    for (const char* library : {STAND_IN_CUDA, STAND_IN_TENSORRT}) {
      all = dlopen(library, RTLD_NOW | RTLD_LOCAL) != nullptr && all;
    }
    return all;
  }();
  ASSERT_TRUE(opened) << dlerror();
}

inline std::string text_in(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Names in a folder, those that begin with a dot among them.
inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class CompileTest : public ::testing::Test {
 protected:
  CompileTest() {
    pretend_gpus();
    setenv("STAND_IN_COMPILER", "", 1);
    setenv("STAND_IN_RECORD", record().c_str(), 1);
    options_.load.backend_paths = {std::filesystem::path(STAND_IN_COMPILER_FOLDER)};
    options_.load.hub.cache_home = place_ / "cache";
  }
  static void compiler_does(const char* how) { setenv("STAND_IN_COMPILER", how, 1); }
  [[nodiscard]] std::string record() const { return (place_ / "record").string(); }
  /// What the compiler was asked for, a line for each build.
  [[nodiscard]] std::string asked() const { return text_in(record()); }
  /// A copy of the sample detector's package.
  [[nodiscard]] std::filesystem::path detector_folder() const {
    const std::filesystem::path folder = place_ / "detector";
    std::filesystem::copy(asset("models/shapes-detector"), folder, std::filesystem::copy_options::recursive);
    return folder;
  }
  /// The error that a compilation gives, as "Name: text"; empty when there is none.
  [[nodiscard]] std::string refusal(const std::string& model) const {
    try {
      (void)compile_model(model, options_);
    } catch (const Error& error) {
      return std::string(error.name()) + ": " + error.what();
    }
    return {};
  }

  TemporaryFolder place_;
  CompileOptions options_;
};

}  // namespace inference_exp::testing
