#include "runtime/plugin.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <span>

#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {

namespace fs = std::filesystem;

namespace {

bool is_complete(const iexp_backend& backend) {
  return backend.name != nullptr && backend.probe != nullptr && backend.open != nullptr && backend.close != nullptr &&
         backend.input_count != nullptr && backend.output_count != nullptr && backend.input_spec != nullptr &&
         backend.output_spec != nullptr && backend.metadata != nullptr && backend.create_request != nullptr &&
         backend.destroy_request != nullptr && backend.set_input != nullptr && backend.set_output != nullptr &&
         backend.run != nullptr && backend.get_output != nullptr;
}

/// Why this table cannot be used; empty when it can.
std::string table_fault(const iexp_backend* backend, std::string_view name) {
  const std::string host = std::to_string(INFERENCE_EXP_BACKEND_ABI_VERSION);
  if (backend == nullptr) return "it does not serve plug-in interface version " + host;
  // The size first: nothing past it may be read.
  if (backend->struct_size < sizeof(iexp_backend))
    return "its table is too small for plug-in interface version " + host;
  if (backend->abi_version != INFERENCE_EXP_BACKEND_ABI_VERSION) {
    return "it was built for plug-in interface version " + std::to_string(backend->abi_version) +
           ", this library has " + host;
  }
  if (!is_complete(*backend)) return "its table has empty entries";
  if (backend->name != name) return "it calls itself \"" + std::string(backend->name) + "\"";
  return {};
}

Plugin open_plugin(const fs::path& file, std::string_view name) {
  Plugin plugin{.name = std::string(name), .file = file, .backend = nullptr, .reason = {}};
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    plugin.reason = reason != nullptr ? reason : file.string() + ": cannot be opened";
    return plugin;
  }
  const auto entry = reinterpret_cast<iexp_backend_entry>(dlsym(library, INFERENCE_EXP_BACKEND_SYMBOL));
  if (entry == nullptr) {
    plugin.reason = file.string() + ": it has no symbol " INFERENCE_EXP_BACKEND_SYMBOL;
    return plugin;
  }
  const iexp_backend* backend = entry(INFERENCE_EXP_BACKEND_ABI_VERSION);
  if (const std::string fault = table_fault(backend, name); !fault.empty()) {
    plugin.reason = file.string() + ": " + fault;
    return plugin;
  }
  plugin.backend = backend;
  return plugin;
}

template <std::size_t N>
std::string text_of(const char (&buffer)[N]) {
  return {buffer, std::find(buffer, buffer + N, '\0')};
}

}  // namespace

const Plugin& load_plugin(const fs::path& file, std::string_view name) {
  static std::mutex mutex;
  static std::map<fs::path, Plugin> plugins;  // a map: its elements stay where they are
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(file, error);
  const std::scoped_lock lock(mutex);
  const auto known = plugins.find(canonical);
  if (known != plugins.end()) return known->second;
  return plugins.emplace(canonical, open_plugin(canonical, name)).first->second;
}

iexp_error empty_error() noexcept {
  iexp_error error{};
  error.struct_size = sizeof error;
  return error;
}

void throw_backend_error(std::int32_t code, const iexp_error& error, std::string_view backend) {
  std::string message = text_of(error.message);
  if (message.empty()) message = "The " + std::string(backend) + " backend failed without saying why.";
  const std::string hint = text_of(error.hint);
  switch (code) {
    case IEXP_ERROR_CORRUPTED_PACKAGE:
      throw CorruptedModelPackageError(message, hint);
    case IEXP_ERROR_MISSING_DEPENDENCY:
      throw MissingDependencyError(message, hint);
    case IEXP_ERROR_ENVIRONMENT:
      throw EnvironmentConfigurationError(message, hint);
    case IEXP_ERROR_INVALID_PARAMETER:
      throw InvalidParameterError(message, hint);
    case IEXP_ERROR_UNTRUSTED:
      throw UntrustedCheckpointError(message, hint);
    case IEXP_ERROR_OUT_OF_MEMORY:
      throw std::bad_alloc();
    case IEXP_ERROR_MODEL_RUNTIME:
      throw ModelRuntimeError(message, hint);
    default:
      throw ModelRuntimeError(message + " (error code " + std::to_string(code) + ")", hint);
  }
}

}  // namespace inference_exp::runtime
