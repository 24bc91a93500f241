// The code of a TorchScript archive, looked at with LibTorch's own lexer and parser before it is loaded.
#pragma once

#include <cstddef>
#include <string>

namespace inference_exp::torch_backend {

/// What all code of one archive may have together.
struct SourceBudget {
  std::size_t bytes = std::size_t{16} << 20U;
  std::size_t definitions = 8192;
};

/// Throws Failure: IEXP_ERROR_UNTRUSTED for code that would run while it is loaded (`__setstate__`, hooks, default
/// values and class constants that are no literals) and for native classes; IEXP_ERROR_CORRUPTED_PACKAGE for code that
/// does not parse, or nests deeper or is longer than exporters write, so that LibTorch's recursion stays shallow.
void check_source(std::string text, SourceBudget& budget);

}  // namespace inference_exp::torch_backend
