// The numbers that C callers get for the error classes of errors.hpp.
#pragma once

#include <span>
#include <string_view>

#include "inference_exp.h"

namespace inference_exp::c_api {

struct NamedStatus {
  inference_exp_status status;
  std::string_view name;  ///< ends with a zero byte
};

/// The one table: every class of errors.hpp except the root, and what is no class of it.
[[nodiscard]] std::span<const NamedStatus> statuses() noexcept;

/// INFERENCE_EXP_ERROR_OTHER for a class that is not in the table.
[[nodiscard]] inference_exp_status status_of(std::string_view error_name) noexcept;

}  // namespace inference_exp::c_api
