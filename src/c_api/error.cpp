#include "c_api/error.hpp"

#include <memory>
#include <new>
#include <utility>

#include "c_api/status.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::c_api {
namespace {

/// Made before memory runs out, shared by everybody and never freed.
inference_exp_error& out_of_memory() {
  static inference_exp_error error{INFERENCE_EXP_ERROR_OUT_OF_MEMORY, "OutOfMemory", "No memory left.", "", ""};
  return error;
}

inference_exp_error describe_current_exception() {
  try {
    throw;
  } catch (const Error& error) {
    return {status_of(error.name()), std::string(error.name()), error.message(), error.hint(), error.help_page()};
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& error) {
    return {INFERENCE_EXP_ERROR_UNEXPECTED, "Unexpected", error.what(), "", ""};
  } catch (...) {
    return {INFERENCE_EXP_ERROR_UNEXPECTED, "Unexpected", "Something was thrown that is no exception.", "", ""};
  }
}

}  // namespace

inference_exp_status report_current_exception(inference_exp_error** error) noexcept {
  try {
    inference_exp_error described = describe_current_exception();
    const inference_exp_status status = described.status;
    if (error != nullptr) *error = std::make_unique<inference_exp_error>(std::move(described)).release();
    return status;
  } catch (...) {  // only for lack of memory
    if (error != nullptr) *error = &out_of_memory();
    return INFERENCE_EXP_ERROR_OUT_OF_MEMORY;
  }
}

}  // namespace inference_exp::c_api

inference_exp_status inference_exp_error_status(const inference_exp_error* error) {
  return error != nullptr ? error->status : INFERENCE_EXP_OK;
}

const char* inference_exp_error_name(const inference_exp_error* error) {
  return error != nullptr ? error->name.c_str() : "";
}

const char* inference_exp_error_message(const inference_exp_error* error) {
  return error != nullptr ? error->message.c_str() : "";
}

const char* inference_exp_error_hint(const inference_exp_error* error) {
  return error != nullptr ? error->hint.c_str() : "";
}

const char* inference_exp_error_help_page(const inference_exp_error* error) {
  return error != nullptr ? error->help_page.c_str() : "";
}

void inference_exp_error_free(inference_exp_error* error) {
  if (error == &inference_exp::c_api::out_of_memory()) return;
  const std::unique_ptr<inference_exp_error> owned(error);
}
