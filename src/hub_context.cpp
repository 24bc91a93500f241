#include "hub_context.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/options.hpp"
#include "hub/downloader.hpp"
#include "hub/identifiers.hpp"
#include "hub/local_packages.hpp"
#include "hub/offline_registry.hpp"
#include "hub/provider_registry.hpp"
#include "hub/registered_models.hpp"
#include "inference_exp/errors.hpp"
#include "models/registry.hpp"
#include "negotiation/negotiate.hpp"
#include "runtime/machine_probe.hpp"

namespace inference_exp {

namespace {

/// One client for all loads of the process, so that connections are used again.
std::shared_ptr<hub::HttpClient> shared_client() {
  static const std::shared_ptr<hub::HttpClient> instance = hub::make_curl_client();
  return instance;
}

bool is_offline(const LoadOptions& options, const HubEnvironment& environment) {
  const bool offline = options.hub.offline.value_or(environment.offline);
  if (offline && environment.offline_warm_up) {
    throw ModelRetrievalError("Offline mode and its warm-up can't both be on.",
                              "Unset OFFLINE_MODE to warm up, or OFFLINE_MODE_WARM_UP to work offline.");
  }
  return offline;
}

std::shared_ptr<AccessManager> access_manager_of(const LoadOptions& options) {
  return options.hub.access_manager ? options.hub.access_manager : std::make_shared<AccessManager>();
}

std::shared_ptr<const WeightsProvider> provider_of(const LoadOptions& options, const hub::CacheHome& home,
                                                   bool offline) {
  if (offline) return std::make_shared<hub::OfflineProvider>(home);
  return hub::find_weights_provider(options.hub.weights_provider);
}

std::chrono::milliseconds lock_timeout(const LoadOptions& options, const HubEnvironment& environment) {
  const std::int32_t seconds = options.hub.file_lock_timeout_seconds.value_or(environment.file_lock_timeout_seconds);
  if (seconds < 0) throw InvalidParameterError("A lock timeout can't be negative.", "Give seconds, at least 0.");
  return std::chrono::seconds(seconds);
}

hub::DownloadSettings download_settings(const LoadOptions& options, const HubEnvironment& environment) {
  hub::DownloadSettings settings;
  settings.verify_md5 = options.hub.verify_hash_while_download;
  settings.lock_timeout = lock_timeout(options, environment);
  settings.connect_timeout = std::chrono::seconds(environment.chunk_connect_timeout_seconds);
  settings.idle_timeout = std::chrono::seconds(environment.chunk_read_timeout_seconds);
  settings.max_attempts = environment.chunk_max_attempts;
  settings.retry_statuses = environment.retry_statuses;
  settings.progress = options.hub.progress;
  return settings;
}

void add(hub::RuntimeFingerprint& fingerprint, std::string name, const std::optional<std::string>& value) {
  fingerprint.emplace(std::move(name), value.value_or("unknown"));
}

std::string joined(std::vector<std::string> parts) {
  std::ranges::sort(parts);
  std::string text;
  for (const std::string& part : parts) text += part + ",";
  return text;
}

}  // namespace

hub::CacheHome cache_home_or_default(const std::filesystem::path& cache_home) {
  return hub::CacheHome(cache_home.empty() ? hub_environment().cache_home : cache_home);
}

HubContext::HubContext(std::string_view model, const LoadOptions& options)
    : model_(model),
      options_(options),
      environment_(hub_environment()),
      home_(cache_home_or_default(options.hub.cache_home)),
      api_key_(options.hub.api_key.empty() ? environment_.api_key : options.hub.api_key),
      offline_(is_offline(options, environment_)),
      access_(access_manager_of(options)),
      client_(offline_ ? hub::make_offline_client() : shared_client()) {
  hub::check_model_id(model);
  if (access_->is_model_access_forbidden(model, api_key_)) {
    throw UnauthorizedModelAccessError("Access to the model \"" + std::string(model) + "\" is forbidden here.",
                                       "Ask whoever set the access rules of this program.");
  }
  provider_ = provider_of(options, home_, offline_);
}

hub::ResolutionCache HubContext::resolution_cache() const {
  return {home_, std::chrono::minutes(environment_.resolution_cache_minutes)};
}

bool HubContext::uses_resolution_cache() const noexcept {
  return options_.hub.use_auto_resolution_cache && !offline_ && !warming_up();
}

ModelMetadata HubContext::ask_provider() const {
  const ProviderRequest request{.model_id = std::string(model_),
                                .api_key = api_key_,
                                .query = options_.hub.provider_query,
                                .headers = options_.hub.provider_headers};
  const auto answer = [&] {
    try {
      return provider_->model_metadata(request);
    } catch (const UnauthorizedModelAccessError&) {
      access_->on_model_access_forbidden(model_, api_key_);
      throw;
    } catch (const ForbiddenModelAccessError&) {
      access_->on_model_access_forbidden(model_, api_key_);
      throw;
    }
  };
  ModelMetadata model = answer();
  // Only what may be chosen is worth reading whole engines for.
  hub::join_local_packages(home_, model,
                           options_.allow_untrusted_packages ? hub::LocalCheck::hashes : hub::LocalCheck::manifest);
  if (model.model_id != model_) access_->on_model_alias_discovered(model_, model.model_id);
  for (const PackageMetadata& package : model.packages) access_->on_package_access_granted(granted(model, package));
  return model;
}

AccessManager::Package HubContext::granted(const ModelMetadata& model, const PackageMetadata& package) const {
  return {.model_id = model.model_id, .package_id = package.id, .api_key = api_key_};
}

hub::MaterializedPackage HubContext::materialize(const ModelMetadata& model, const PackageMetadata& package) const {
  if (hub::is_local_package_id(package.id)) return hub::local_package_files(home_, model, package);
  hub::MaterializeSettings settings;
  settings.allow_unhashed = options_.hub.download_files_without_hash;
  settings.api_key = api_key_;
  settings.download = download_settings(options_, environment_);
  const auto fetch = [&](std::span<const hub::DownloadTask> tasks, const hub::DownloadSettings& how) {
    std::vector<hub::DownloadTask> wrapped(tasks.begin(), tasks.end());
    for (hub::DownloadTask& task : wrapped) task.url = hub::through_gateway(task.url, environment_.gateway);
    return hub::download_files(*client_, wrapped, how);
  };
  return hub::materialize(home_, model, package, settings, fetch, *access_);
}

void HubContext::finish(const ModelMetadata& model, const PackageMetadata& package,
                        const hub::MaterializedPackage& files) const {
  // What was compiled here came with its description.
  if (hub::is_local_package_id(package.id) && hub::read_package_manifest(files.folder)) return;
  hub::finish_package(home_, model, package, files,
                      {.api_key = api_key_,
                       .license = license_of(model_, model.model_id),
                       .lock_timeout = lock_timeout(options_, environment_)},
                      *access_);
}

void HubContext::record_for_offline(const ModelMetadata& model, const std::string& package_id,
                                    std::string source) const {
  hub::record_offline_model(home_, hub::without_local_packages(model),
                            {.requested_model = std::string(model_),
                             .proven_package = hub::is_local_package_id(package_id) ? std::string() : package_id,
                             .api_key = api_key_,
                             .source = std::move(source),
                             .lock_timeout = lock_timeout(options_, environment_)},
                            *access_);
}

std::vector<std::optional<std::uint64_t>> HubContext::sizes_of(const std::vector<std::string>& urls) const {
  std::vector<std::string> wrapped;
  wrapped.reserve(urls.size());
  for (const std::string& url : urls) wrapped.push_back(hub::through_gateway(url, environment_.gateway));
  return hub::file_sizes(*client_, wrapped);
}

void fetch_pinned_file(const hub::PinnedFile& file, const std::filesystem::path& target, const LoadOptions& options) {
  const HubEnvironment& environment = hub_environment();
  const std::string url = hub::through_gateway(file.url, environment.gateway);
  hub::PinnedFile from_here = file;
  from_here.url = url;
  hub::fetch_pinned_file(*shared_client(), from_here, target, download_settings(options, environment));
}

EnvironmentDescription environment_for_negotiation(const LoadOptions& options) {
  (void)runtime::machine();  // here a probe that fails is an error, not a warning
  return describe_environment(options.backend_paths);
}

hub::RuntimeFingerprint fingerprint_of(const EnvironmentDescription& environment) {
  hub::RuntimeFingerprint fingerprint{{"library", environment.library_version}};
  for (const BackendDescription& backend : environment.backends) {
    fingerprint.emplace("backend." + backend.name, backend.available ? backend.runtime_version : "not available");
    fingerprint.emplace("providers." + backend.name, joined(backend.execution_providers));
  }
  const MachineDescription& machine = environment.machine;
  std::string gpus;
  for (const GpuDescription& gpu : machine.gpus) gpus += gpu.name + " " + gpu.compute_capability + ",";
  fingerprint.emplace("gpus", gpus);
  std::string preferred;
  for (const std::string& name : options().onnx_execution_providers) preferred += name + ",";
  fingerprint.emplace("preferred_providers", preferred);
  add(fingerprint, "driver", machine.driver_version);
  add(fingerprint, "cuda", machine.cuda_version);
  add(fingerprint, "trt", machine.trt_version);
  add(fingerprint, "jetson", machine.jetson_type);
  add(fingerprint, "l4t", machine.l4t_version);
  add(fingerprint, "os", machine.os_version);
  fingerprint.emplace("trt_runtime", machine.trt_runtime_available ? "yes" : "no");
  return fingerprint;
}

Decision negotiate_here(const ModelMetadata& metadata, std::string_view model, const LoadOptions& options,
                        const EnvironmentDescription& environment) {
  return negotiation::negotiate(metadata, model, options, environment, models::implementations(),
                                {.onnx_execution_providers = inference_exp::options().onnx_execution_providers});
}

std::optional<std::string> license_of(std::string_view requested, std::string_view canonical) {
  for (const std::string_view id : {requested, canonical}) {
    if (const std::optional<RegisteredModel> registered = hub::registered_model(id)) return registered->license;
  }
  return std::nullopt;
}

}  // namespace inference_exp
