#include "runtime/install_folders.hpp"

#include <dlfcn.h>

#include <system_error>

namespace inference_exp::runtime {

namespace fs = std::filesystem;

namespace {

constexpr const char* kName = "inference_exp";

/// Empty where it can't be told.
fs::path folder_of_this_library() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&folder_of_this_library), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  return error ? fs::path() : file.parent_path();
}

/// The folder that holds the program's "bin"; empty where it can't be told.
fs::path prefix_of_this_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path().parent_path();
}

}  // namespace

std::vector<fs::path> plugin_folders() {
  std::vector<fs::path> folders;
  if (const fs::path library = folder_of_this_library(); !library.empty()) folders.push_back(library / kName);
  if (const fs::path prefix = prefix_of_this_program(); !prefix.empty()) folders.push_back(prefix / "lib" / kName);
  folders.emplace_back(INFERENCE_EXP_PLUGIN_DIR);
  return folders;
}

std::vector<fs::path> data_folders() {
  std::vector<fs::path> folders;
  if (const fs::path library = folder_of_this_library(); !library.empty()) {
    folders.push_back(library.parent_path() / "share" / kName);
  }
  if (const fs::path prefix = prefix_of_this_program(); !prefix.empty()) folders.push_back(prefix / "share" / kName);
  folders.emplace_back(INFERENCE_EXP_DATA_DIR);
  return folders;
}

}  // namespace inference_exp::runtime
