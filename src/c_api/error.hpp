// Where exceptions end: every function of the C interface that can fail runs inside `guarded`.
#pragma once

#include <string>

#include "inference_exp.h"

struct inference_exp_error {  // NOLINT(readability-identifier-naming): the C interface's name
  inference_exp_status status = INFERENCE_EXP_OK;
  std::string name;
  std::string message;
  std::string hint;
  std::string help_page;
};

namespace inference_exp::c_api {

/// Turns the exception that is being handled into a status, and into an error unless `error` is NULL.
inference_exp_status report_current_exception(inference_exp_error** error) noexcept;

/// Runs `body`; what it throws becomes a status.
template <typename Body>
inference_exp_status guarded(inference_exp_error** error, const Body& body) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    body();
    return INFERENCE_EXP_OK;
  } catch (...) {
    return report_current_exception(error);
  }
}

}  // namespace inference_exp::c_api
