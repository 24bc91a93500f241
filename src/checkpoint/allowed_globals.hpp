// Which globals of Python a pickle may name.
#pragma once

#include <string>
#include <string_view>

namespace inference_exp::checkpoint {

/// How a global is written here: module and name with a blank between them, "torch FloatStorage".
[[nodiscard]] std::string global_of(std::string_view module, std::string_view name);

/// Whether `global` is on the list of exact names, or a class of a TorchScript archive's own code.
[[nodiscard]] bool is_allowed_global(std::string_view global);

/// Classes of a TorchScript archive's own code; their instances are read as attributes, the code is not looked at.
[[nodiscard]] bool is_script_class(std::string_view global);

/// Throws UntrustedCheckpointError.
[[noreturn]] void distrust(const std::string& what);

}  // namespace inference_exp::checkpoint
