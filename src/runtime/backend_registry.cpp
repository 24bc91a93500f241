#include "runtime/backend_registry.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "core/options.hpp"
#include "inference_exp/errors.hpp"
#include "runtime/install_folders.hpp"
#include "runtime/plugin.hpp"
#include "runtime/plugin_session.hpp"

namespace inference_exp::runtime {

namespace fs = std::filesystem;

namespace {

/// A backend of this project: what to install where it is missing.
struct KnownBackend {
  std::string_view name;
  std::string_view package;
  std::string_view build_option;
};

constexpr std::array<KnownBackend, 3> kKnownBackends{
    {{"onnx", "inference-exp-backend-onnx", "-DINFERENCE_EXP_BACKEND_ONNX=ON"},
     {"torch", "inference-exp-backend-torch", "-DINFERENCE_EXP_BACKEND_TORCH=ON"},
     {"trt", "inference-exp-backend-tensorrt", "-DINFERENCE_EXP_BACKEND_TRT=ON"}}};

constexpr std::string_view kFilePrefix = "libinference_exp_backend_";
constexpr std::string_view kFileSuffix = ".so";

std::string file_name(std::string_view backend) {
  return std::string(kFilePrefix) + std::string(backend) + std::string(kFileSuffix);
}

/// A name becomes part of a file name, so nothing but lower-case letters, digits and '_' may be in it.
bool is_backend_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::vector<fs::path> search_folders(const std::vector<fs::path>& backend_paths) {
  std::vector<fs::path> folders = backend_paths;
  folders.insert(folders.end(), options().backend_paths.begin(), options().backend_paths.end());
  for (fs::path& folder : plugin_folders()) folders.push_back(std::move(folder));
  return folders;
}

std::optional<fs::path> find_plugin(std::string_view name, const std::vector<fs::path>& folders) {
  std::error_code error;
  for (const fs::path& folder : folders) {
    if (fs::path file = folder / file_name(name); fs::exists(file, error)) return file;
  }
  return std::nullopt;
}

/// Names of all plug-in files in the folders.
std::set<std::string> names_in(const std::vector<fs::path>& folders) {
  std::set<std::string> names;
  for (const fs::path& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      std::string name = entry->path().filename().string();
      if (!name.starts_with(kFilePrefix) || !name.ends_with(kFileSuffix)) continue;
      name = name.substr(kFilePrefix.size(), name.size() - kFilePrefix.size() - kFileSuffix.size());
      if (is_backend_name(name)) names.insert(std::move(name));
    }
  }
  return names;
}

std::string how_to_install(std::string_view name) {
  const auto* known = std::ranges::find(kKnownBackends, name, &KnownBackend::name);
  if (known == kKnownBackends.end()) return "Install its plug-in, or name its folder in INFERENCE_EXP_BACKEND_PATH.";
  return "Install the package " + std::string(known->package) + ", or build with " + std::string(known->build_option) +
         "; a plug-in elsewhere is found when INFERENCE_EXP_BACKEND_PATH names its folder.";
}

std::string missing_message(std::string_view name) {
  return "The " + std::string(name) + " backend is not installed: " + file_name(name) + " was not found.";
}

void add_fact(BackendDescription& description, std::string_view key, std::string_view value) {
  if (key == "version") description.runtime_version = value;
  if (key == "path") description.runtime_path = value;
  if (key == "execution_provider") description.execution_providers.emplace_back(value);
  if (key == "device") description.devices.emplace_back(value);
  if (key == "math_library") description.math_library = value;
}

void probe(const Plugin& plugin, BackendDescription& description) {
  const auto sink = [](void* user, const char* key, const char* value) {
    try {
      if (key != nullptr && value != nullptr) add_fact(*static_cast<BackendDescription*>(user), key, value);
    } catch (const std::bad_alloc&) {  // nothing may pass through the plug-in's frames; the fact is left out
    }
  };
  iexp_error error = empty_error();
  const std::int32_t code = plugin.backend->probe(sink, &description, &error);
  description.available = code == IEXP_OK;
  if (description.available) return;
  try {
    throw_backend_error(code, error, plugin.name);
  } catch (const std::exception& exception) {
    description.reason = exception.what();
  }
}

BackendDescription describe(const std::string& name, const std::vector<fs::path>& folders) {
  BackendDescription description;
  description.name = name;
  const std::optional<fs::path> file = find_plugin(name, folders);
  if (!file) {
    description.reason = missing_message(name) + " " + how_to_install(name);
    return description;
  }
  description.plugin_path = file->string();
  const Plugin& plugin = load_plugin(*file, name);
  if (plugin.backend == nullptr) {
    description.reason = "The plug-in cannot be used: " + plugin.reason + ".";
  } else {
    probe(plugin, description);
  }
  return description;
}

/// The plug-in that serves a package's backend type (loading.md, section 3.1).
std::string_view plugin_of(std::string_view backend) { return backend == "torch-script" ? "torch" : backend; }

}  // namespace

std::vector<BackendDescription> describe_backends(const std::vector<fs::path>& backend_paths) {
  const std::vector<fs::path> folders = search_folders(backend_paths);
  std::vector<BackendDescription> descriptions;
  descriptions.reserve(kKnownBackends.size());
  for (const KnownBackend& known : kKnownBackends) descriptions.push_back(describe(std::string(known.name), folders));
  for (const std::string& name : names_in(folders)) {
    if (std::ranges::find(kKnownBackends, name, &KnownBackend::name) != kKnownBackends.end()) continue;
    descriptions.push_back(describe(name, folders));
  }
  return descriptions;
}

const Plugin& usable_plugin(std::string_view backend, const std::vector<fs::path>& backend_paths) {
  const std::vector<fs::path> folders = search_folders(backend_paths);
  const bool known = std::ranges::find(kKnownBackends, backend, &KnownBackend::name) != kKnownBackends.end();
  const std::optional<fs::path> file = is_backend_name(backend) ? find_plugin(backend, folders) : std::nullopt;
  if (!file && !known) {
    throw UnknownBackendTypeError("There is no backend \"" + std::string(backend) + "\".",
                                  "Known are onnx, torch and trt, and every plug-in in INFERENCE_EXP_BACKEND_PATH.");
  }
  if (!file) throw MissingDependencyError(missing_message(backend), how_to_install(backend));
  const Plugin& plugin = load_plugin(*file, backend);
  if (plugin.backend == nullptr) {
    throw MissingDependencyError(
        "The plug-in of the " + std::string(backend) + " backend cannot be used: " + plugin.reason + ".",
        how_to_install(backend));
  }
  return plugin;
}

std::shared_ptr<const Session> open_session(std::string_view backend, const fs::path& model_file,
                                            const SessionOptions& options, const std::vector<fs::path>& backend_paths,
                                            const NetworkOptions& network) {
  return open_plugin_session(usable_plugin(plugin_of(backend), backend_paths), model_file, options, network);
}

}  // namespace inference_exp::runtime
