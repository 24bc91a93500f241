#include "runtime/plugin.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <span>

#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {

namespace fs = std::filesystem;

namespace {

/// What every table has; later members may be missing from the tables of older plug-ins.
constexpr std::size_t kSmallestTable = offsetof(iexp_backend, session_device);

bool is_complete(const iexp_backend& backend) {
  return backend.name != nullptr && backend.probe != nullptr && backend.open != nullptr && backend.close != nullptr &&
         backend.input_count != nullptr && backend.output_count != nullptr && backend.input_spec != nullptr &&
         backend.output_spec != nullptr && backend.metadata != nullptr && backend.create_request != nullptr &&
         backend.destroy_request != nullptr && backend.set_input != nullptr && backend.set_output != nullptr &&
         backend.run != nullptr && backend.get_output != nullptr;
}

/// Device memory is served with all four functions or not at all.
bool has_half_of_device_memory(const iexp_backend& backend) {
  const int given = (backend.session_device != nullptr ? 1 : 0) + (backend.request_stream != nullptr ? 1 : 0) +
                    (backend.enqueue != nullptr ? 1 : 0) + (backend.get_device_output != nullptr ? 1 : 0);
  return given != 0 && given != 4;
}

/// The table with NULL for what an older plug-in does not know. Lives as long as the process, as tables do.
const iexp_backend* completed(const iexp_backend& table) {
  static std::deque<iexp_backend>& copies = *std::make_unique<std::deque<iexp_backend>>().release();
  iexp_backend& copy = copies.emplace_back();
  std::memcpy(&copy, &table, std::min<std::size_t>(table.struct_size, sizeof copy));
  return &copy;
}

/// Why this table cannot be used; empty when it can.
std::string table_fault(const iexp_backend& backend, std::string_view name) {
  const std::string host = std::to_string(INFERENCE_EXP_BACKEND_ABI_VERSION);
  if (backend.abi_version != INFERENCE_EXP_BACKEND_ABI_VERSION) {
    return "it was built for plug-in interface version " + std::to_string(backend.abi_version) + ", this library has " +
           host;
  }
  if (!is_complete(backend) || has_half_of_device_memory(backend)) return "its table has empty entries";
  if (backend.name != name) return "it calls itself \"" + std::string(backend.name) + "\"";
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
  const iexp_backend* table = entry(INFERENCE_EXP_BACKEND_ABI_VERSION);
  const std::string host = std::to_string(INFERENCE_EXP_BACKEND_ABI_VERSION);
  if (table == nullptr) {
    plugin.reason = file.string() + ": it does not serve plug-in interface version " + host;
    return plugin;
  }
  // The size first: nothing past it may be read.
  if (table->struct_size < kSmallestTable) {
    plugin.reason = file.string() + ": its table is too small for plug-in interface version " + host;
    return plugin;
  }
  const iexp_backend* backend = completed(*table);
  if (const std::string fault = table_fault(*backend, name); !fault.empty()) {
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
    case IEXP_ERROR_CANCELLED:
      throw OperationCancelledError(message, hint);
    case IEXP_ERROR_DEVICE_MEMORY:
      throw OutOfDeviceMemoryError(message, hint);
    case IEXP_ERROR_OUT_OF_MEMORY:
      throw std::bad_alloc();
    case IEXP_ERROR_MODEL_RUNTIME:
      throw ModelRuntimeError(message, hint);
    default:
      throw ModelRuntimeError(message + " (error code " + std::to_string(code) + ")", hint);
  }
}

}  // namespace inference_exp::runtime
