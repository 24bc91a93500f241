// How TorchScript archives are turned down.
#pragma once

#include <exception>
#include <string>

namespace inference_exp::torch_backend {

/// "The TorchScript archive <what>, ...": throws Failure with IEXP_ERROR_UNTRUSTED.
[[noreturn]] void distrust(const std::string& what);
/// "The TorchScript archive cannot be used: <what>.": throws Failure with IEXP_ERROR_CORRUPTED_PACKAGE.
[[noreturn]] void refuse_script(const std::string& what);
/// What LibTorch says of an error, without stack traces and without the code around it; short.
[[nodiscard]] std::string reason_of(const std::exception& error);

}  // namespace inference_exp::torch_backend
