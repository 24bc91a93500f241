#include "runtime/compile.hpp"

#include <array>
#include <charconv>
#include <exception>
#include <mutex>

#include "inference_exp/backend.h"
#include "inference_exp/errors.hpp"
#include "runtime/backend_registry.hpp"
#include "runtime/plugin.hpp"

namespace inference_exp::runtime {

namespace {

std::int32_t whole_number(std::string_view text) {
  std::int32_t value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void add_compile_fact(CompileFacts& facts, std::string_view key, std::string_view value) {
  if (key == "runtime_version") facts.runtime_version = value;
  if (key == "device_name") facts.device_name = value;
  if (key == "compute_capability") facts.compute_capability = value;
  struct NumberFact {
    std::string_view key;
    std::int32_t* value;
  };
  const std::array<NumberFact, 6> numbers{{{"cuda_driver", &facts.cuda_driver},
                                           {"batch_min", &facts.batch_min},
                                           {"batch_opt", &facts.batch_opt},
                                           {"batch_max", &facts.batch_max},
                                           {"input_height", &facts.input_size.height},
                                           {"input_width", &facts.input_size.width}}};
  for (const NumberFact& number : numbers) {
    if (key == number.key) *number.value = whole_number(value);
  }
}

/// What stands behind the plug-in's `user` pointer. Nothing that the callers' functions throw may pass through the
/// plug-in's frames: it is kept until the plug-in has returned.
class CompileCall {
 public:
  explicit CompileCall(const CompileRequest& request) : request_(request) {}

  static std::int32_t progress(void* user, const char* phase, std::int32_t step, std::int32_t steps) {
    auto& call = *static_cast<CompileCall*>(user);
    const bool go_on = call.guarded(
        [&] { return !call.request_.progress || call.request_.progress(phase != nullptr ? phase : "", step, steps); });
    return go_on ? 1 : 0;
  }

  static std::int32_t calibration_batch(void* user, void* batch, std::size_t bytes) {
    auto& call = *static_cast<CompileCall*>(user);
    const std::span<float> values(static_cast<float*>(batch), bytes / sizeof(float));
    const std::scoped_lock lock(call.mutex_);
    if (call.failure_ != nullptr) return 0;
    try {
      return call.request_.calibration_batch(values) ? 1 : 0;
    } catch (...) {
      call.failure_ = std::current_exception();
      return 0;
    }
  }

  static void fact(void* user, const char* key, const char* value) {
    auto& call = *static_cast<CompileCall*>(user);
    if (key == nullptr || value == nullptr) return;
    const std::scoped_lock lock(call.mutex_);
    try {
      add_compile_fact(call.facts_, key, value);
    } catch (...) {
      call.failure_ = std::current_exception();
    }
  }

  /// To be called when the plug-in has returned.
  void throw_if_stopped() {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    if (stopped_) {
      throw OperationCancelledError("The compilation was cancelled.", "Nothing was kept of it; call it again.");
    }
  }
  [[nodiscard]] const CompileFacts& facts() const noexcept { return facts_; }

 private:
  /// Once it said no, or failed, the answer stays no.
  template <typename Body>
  bool guarded(Body&& body) {
    const std::scoped_lock lock(mutex_);
    if (stopped_ || failure_ != nullptr) return false;
    try {
      stopped_ = !body();
      return !stopped_;
    } catch (...) {
      failure_ = std::current_exception();
      return false;
    }
  }

  const CompileRequest& request_;
  std::mutex mutex_{};
  std::exception_ptr failure_{};
  bool stopped_ = false;
  CompileFacts facts_{};
};

const Plugin& compiling_plugin(std::string_view backend, const std::vector<std::filesystem::path>& backend_paths) {
  const Plugin& plugin = usable_plugin(backend, backend_paths);
  if (plugin.backend->compile != nullptr) return plugin;
  throw EnvironmentConfigurationError(
      "The " + std::string(backend) + " backend opens model files only; it cannot make them (" + plugin.file.string() +
          ").",
      "Install a plug-in of this version of the library, built with TensorRT's builder and ONNX parser.");
}

const char* text_or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

void check_can_compile(std::string_view backend, const std::vector<std::filesystem::path>& backend_paths) {
  (void)compiling_plugin(backend, backend_paths);
}

CompileFacts compile_model_file(std::string_view backend, const CompileRequest& request,
                                const std::vector<std::filesystem::path>& backend_paths) {
  const Plugin& plugin = compiling_plugin(backend, backend_paths);
  CompileCall call(request);
  const std::string source = request.source.string();
  const std::string target = request.target.string();
  const std::string timing_cache = request.timing_cache.string();
  iexp_compile_request crossing{};
  crossing.struct_size = sizeof crossing;
  crossing.source_path = source.c_str();
  crossing.target_path = target.c_str();
  crossing.device = text_or_null(request.device);
  crossing.precision = text_or_null(request.precision);
  crossing.batch_min = request.batch_min;
  crossing.batch_opt = request.batch_opt;
  crossing.batch_max = request.batch_max;
  if (request.input_size) {
    crossing.input_height = request.input_size->height;
    crossing.input_width = request.input_size->width;
  }
  crossing.workspace_bytes = request.workspace_bytes;
  crossing.version_compatible = request.version_compatible ? 1 : 0;
  crossing.same_compute_capability = request.same_compute_capability ? 1 : 0;
  crossing.timing_cache_path = text_or_null(timing_cache);
  crossing.user = &call;
  crossing.progress = CompileCall::progress;
  if (request.calibration_batch) {
    crossing.calibration_batch = CompileCall::calibration_batch;
    crossing.calibration_batch_size = request.calibration_batch_size;
  }
  crossing.facts = CompileCall::fact;
  iexp_error error = empty_error();
  const std::int32_t code = plugin.backend->compile(&crossing, &error);
  // A failure of the caller's own functions comes first: whatever the plug-in says then is a consequence of it.
  call.throw_if_stopped();
  if (code != IEXP_OK) throw_backend_error(code, error, backend);
  return call.facts();
}

}  // namespace inference_exp::runtime
