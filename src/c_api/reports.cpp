#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "c_api/arguments.hpp"
#include "c_api/error.hpp"
#include "c_api/options.hpp"
#include "inference_exp/environment.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/logging.hpp"
#include "inference_exp/negotiation.hpp"
#include "inference_exp/serialization.hpp"
#include "inference_exp/version.hpp"

namespace inference_exp::c_api {
namespace {

static_assert(static_cast<int>(LogLevel::info) == INFERENCE_EXP_LOG_INFO);
static_assert(static_cast<int>(LogLevel::warning) == INFERENCE_EXP_LOG_WARNING);
static_assert(static_cast<int>(LogLevel::error) == INFERENCE_EXP_LOG_ERROR);

/// Gives the caller the text that `write` makes of a model id and options.
template <typename Write>
inference_exp_status report(const char* id, const inference_exp_load_options* options, char** text,
                            inference_exp_error** error, const Write& write) noexcept {
  return guarded(error, [&] {
    auto& result = output(text, "text");
    result = new_text(write(&required(id, "id"), load_options(options)));
  });
}

LogCallback log_callback(inference_exp_log_callback callback, void* user) {
  if (callback == nullptr) return {};
  return [callback, user](LogLevel level, std::string_view message) {
    try {
      callback(user, static_cast<std::int32_t>(level), std::string(message).c_str());
    } catch (...) {  // no memory for the copy: the message is lost, the caller's work is not
    }
  };
}

}  // namespace
}  // namespace inference_exp::c_api

using namespace inference_exp;  // the C functions stand outside of every namespace

int32_t inference_exp_c_api_version() { return INFERENCE_EXP_C_API_VERSION; }

const char* inference_exp_library_version() { return kVersion.data(); }

inference_exp_status inference_exp_describe_model(const char* id, const inference_exp_load_options* options,
                                                  char** json, inference_exp_error** error) {
  return c_api::report(id, options, json, error, [](const char* model, const LoadOptions& settings) {
    return to_json(describe_model(model, settings));
  });
}

inference_exp_status inference_exp_explain(const char* id, const inference_exp_load_options* options, char** text,
                                           inference_exp_error** error) {
  return c_api::report(id, options, text, error, [](const char* model, const LoadOptions& settings) {
    return explain(negotiate_model(model, settings));
  });
}

inference_exp_status inference_exp_explain_json(const char* id, const inference_exp_load_options* options, char** json,
                                                inference_exp_error** error) {
  return c_api::report(id, options, json, error, [](const char* model, const LoadOptions& settings) {
    return to_json(negotiate_model(model, settings));
  });
}

inference_exp_status inference_exp_pull_model(const char* id, const inference_exp_load_options* options, char** json,
                                              inference_exp_error** error) {
  return c_api::report(id, options, json, error, [](const char* model, const LoadOptions& settings) {
    return to_json(pull_model(model, settings));
  });
}

inference_exp_status inference_exp_describe_environment(const char* const* backend_paths, size_t backend_path_count,
                                                        char** json, inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    auto& result = c_api::output(json, "json");
    const auto folders = c_api::texts(backend_paths, backend_path_count, "backend_paths");
    result = c_api::new_text(to_json(describe_environment({folders.begin(), folders.end()})));
  });
}

inference_exp_status inference_exp_set_log_callback(inference_exp_log_callback callback, void* user,
                                                    inference_exp_error** error) {
  return c_api::guarded(error, [&] { set_log_callback(c_api::log_callback(callback, user)); });
}
