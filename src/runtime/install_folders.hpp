// Where this library's own files lie: beside the library, beside the program, and where the build was configured to
// install them.
#pragma once

#include <filesystem>
#include <vector>

namespace inference_exp::runtime {

/// Folders of plug-ins, in the order in which they are searched.
[[nodiscard]] std::vector<std::filesystem::path> plugin_folders();

/// Folders of data that any machine can read (".../share/inference_exp"), in the order in which they are searched.
[[nodiscard]] std::vector<std::filesystem::path> data_folders();

}  // namespace inference_exp::runtime
