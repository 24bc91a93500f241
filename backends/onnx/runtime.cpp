#include "runtime.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "common/failure.hpp"
#include "core/options.hpp"
#include "providers.hpp"

namespace inference_exp::onnx {

using backend::Failure;

namespace fs = std::filesystem;

namespace {

constexpr const char* kSoname = "libonnxruntime.so.1";

/// Messages go nowhere: what matters also arrives as an error, and a library does not print.
void ORT_API_CALL drop_message(void* /*parameter*/, OrtLoggingLevel /*severity*/, const char* /*category*/,
                               const char* /*id*/, const char* /*location*/, const char* /*message*/) {}

fs::path folder_of_plugin() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&folder_of_plugin), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  return error ? fs::path() : file.parent_path();
}

/// What to try to open, in order. A library named by the user is used or refused.
std::vector<std::string> candidates() {
  if (const fs::path& named = options().onnxruntime_library; !named.empty()) return {named.string()};
  std::vector<std::string> files;
  const fs::path folder = folder_of_plugin();
  std::error_code error;
  for (const char* name : {kSoname, "libonnxruntime.so"}) {
    if (!folder.empty() && fs::exists(folder / name, error)) files.push_back((folder / name).string());
  }
  files.insert(files.end(), {kSoname, "libonnxruntime.so"});
  return files;
}

/// The interface of an opened library, or why there is none.
struct Opened {
  const OrtApiBase* base = nullptr;
  const OrtApi* api = nullptr;
  std::string reason;
};

Opened failed(std::string reason) { return {.base = nullptr, .api = nullptr, .reason = std::move(reason)}; }

Opened open_library(const std::string& file) {
  // Never closed: neither the runtime nor what it registers with the process can be unloaded safely.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    return failed(reason != nullptr ? reason : file + ": cannot be opened");
  }
  using GetApiBase = const OrtApiBase*(ORT_API_CALL*)();
  const auto get_base = reinterpret_cast<GetApiBase>(dlsym(library, "OrtGetApiBase"));
  const OrtApiBase* base = get_base != nullptr ? get_base() : nullptr;
  if (base == nullptr) return failed(file + ": is not ONNX Runtime");
  const OrtApi* api = base->GetApi(kRequiredApi);
  if (api == nullptr) {
    return failed(file + ": is version " + base->GetVersionString() + ", too old; 1." + std::to_string(kRequiredApi) +
                  " or later is needed");
  }
  return {.base = base, .api = api, .reason = {}};
}

std::string path_of(const OrtApiBase* base) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(base->GetApi), &info) == 0 || info.dli_fname == nullptr) return {};
  return info.dli_fname;
}

/// One arena for all sessions of the process, instead of one each: sessions that take turns share its memory.
void share_arena(const Ort::Env& env) {
  const Ort::MemoryInfo memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  constexpr int kDefault = -1;
  const Ort::ArenaCfg arena(0, kDefault, kDefault, kDefault);
  Ort::ThrowOnError(Ort::GetApi().CreateAndRegisterAllocator(env, memory, arena));
}

Runtime start(const Opened& opened) {
  Ort::InitApi(opened.api);
  Runtime runtime{.version = opened.base->GetVersionString(),
                  .path = path_of(opened.base),
                  .env = Ort::Env(ORT_LOGGING_LEVEL_FATAL, "inference-exp", &drop_message, nullptr),
                  .compiled_providers = Ort::GetAvailableProviders()};
  runtime.env.DisableTelemetryEvents();
  share_arena(runtime.env);
  return runtime;
}

Runtime find_runtime() {
  std::string reasons;
  for (const std::string& file : candidates()) {
    const Opened opened = open_library(file);
    if (opened.api != nullptr) return start(opened);
    reasons += (reasons.empty() ? "" : "; ") + opened.reason;
  }
  throw Failure(IEXP_ERROR_MISSING_DEPENDENCY, "ONNX Runtime is not installed (" + reasons + ").",
                "Install ONNX Runtime 1." + std::to_string(kRequiredApi) +
                    " or later (package inference-exp-onnxruntime, or the project's own release), or name its "
                    "library file in INFERENCE_EXP_ONNXRUNTIME.");
}

struct State {
  std::mutex mutex;
  std::optional<Runtime> runtime;
  std::map<std::string, bool, std::less<>> usable;
};

/// Never destroyed: sessions held by static objects may outlive every destructor that runs at exit.
State& state() {
  static State& instance = *std::make_unique<State>().release();
  return instance;
}

bool try_provider(const std::string& name) {
  if (name == kCpuProvider) return true;
  // Asked itself, this one would print to stderr where there is no Vulkan.
  if (name == kWebGpuProvider) return dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL) != nullptr;
  try {
    Ort::SessionOptions session_options;
    append_provider(session_options, {.name = name, .options = {}});
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

Runtime& runtime() {
  State& shared = state();
  const std::scoped_lock lock(shared.mutex);
  if (!shared.runtime) shared.runtime.emplace(find_runtime());
  return *shared.runtime;
}

bool provider_usable(std::string_view name) {
  const std::vector<std::string>& compiled = runtime().compiled_providers;
  if (std::ranges::find(compiled, name) == compiled.end()) return false;
  State& shared = state();
  const std::scoped_lock lock(shared.mutex);
  const auto known = shared.usable.find(name);
  if (known != shared.usable.end()) return known->second;
  return shared.usable.emplace(name, try_provider(std::string(name))).first->second;
}

std::vector<std::string> usable_providers() {
  std::vector<std::string> names;
  std::ranges::copy_if(runtime().compiled_providers, std::back_inserter(names), provider_usable);
  return names;
}

}  // namespace inference_exp::onnx
