#include "inference_exp/hub.hpp"

#include <utility>

#include "hub/cache_maintenance.hpp"
#include "hub/local_packages.hpp"
#include "hub/offline_registry.hpp"
#include "hub_context.hpp"
#include "inference_exp/errors.hpp"
#include "negotiation/negotiate.hpp"

namespace inference_exp {

namespace {

void add_sizes(const HubContext& context, DescribedModel& described) {
  std::vector<std::string> urls;
  for (const PackageMetadata& package : described.model.packages) {
    if (hub::is_local_package_id(package.id)) continue;
    for (const PackageFile& file : package.files) urls.push_back(file.url);
  }
  const std::vector<std::optional<std::uint64_t>> sizes = context.sizes_of(urls);
  std::size_t next = 0;
  for (const PackageMetadata& package : described.model.packages) {
    if (hub::is_local_package_id(package.id)) {
      described.sizes[package.id] = context.materialize(described.model, package).bytes;
      continue;
    }
    std::uint64_t bytes = 0;
    std::size_t known = 0;
    for (std::size_t i = 0; i < package.files.size(); ++i, ++next) {
      bytes += sizes[next].value_or(0);
      known += sizes[next] ? 1 : 0;
    }
    if (known != 0) described.sizes[package.id] = bytes;
    if (known != package.files.size()) described.incomplete_sizes.push_back(package.id);
  }
}

}  // namespace

DescribedModel describe_model(std::string_view model, const LoadOptions& options, bool with_sizes) {
  const HubContext context(model, options);
  DescribedModel described{.model = context.ask_provider(),
                           .requested_model = std::string(model),
                           .weights_provider = options.hub.weights_provider,
                           .sizes = {},
                           .incomplete_sizes = {},
                           .license = {}};
  described.license = license_of(model, described.model.model_id);
  if (with_sizes) add_sizes(context, described);
  return described;
}

Decision negotiate_model(std::string_view model, const LoadOptions& options) {
  return negotiate_model(model, options, environment_for_negotiation(options));
}

Decision negotiate_model(std::string_view model, const LoadOptions& options,
                         const EnvironmentDescription& environment) {
  const HubContext context(model, options);
  return negotiate_here(context.ask_provider(), model, options, environment);
}

PulledModel pull_model(std::string_view model, const LoadOptions& options) {
  const HubContext context(model, options);
  const Decision decision =
      negotiate_here(context.ask_provider(), model, options, environment_for_negotiation(options));
  if (decision.ranked.empty()) negotiation::throw_nothing_left(decision);
  const PackageMetadata& package = decision.ranked.front().package;
  const hub::MaterializedPackage files = context.materialize(decision.model, package);
  if (!context.offline()) {
    context.finish(decision.model, package, files);
    context.record_for_offline(decision.model, package.id, "cli-install");
  }
  return {.model_id = decision.model.model_id, .package_id = package.id, .folder = files.folder, .bytes = files.bytes};
}

std::vector<CachedPackage> list_cache(const std::filesystem::path& cache_home) {
  return hub::list_cache(cache_home_or_default(cache_home));
}

std::vector<VerifiedPackage> verify_cache(std::string_view model, const std::filesystem::path& cache_home) {
  return hub::verify_cache(cache_home_or_default(cache_home), model);
}

PrunedCache prune_cache(std::string_view model, const std::filesystem::path& cache_home, bool dry_run) {
  const HubEnvironment& environment = hub_environment();
  hub::PruneSettings settings;
  settings.model = model;
  settings.resolution_expiry = std::chrono::minutes(environment.resolution_cache_minutes);
  settings.lock_timeout = std::chrono::seconds(environment.file_lock_timeout_seconds);
  settings.dry_run = dry_run;
  return hub::prune_cache(cache_home_or_default(cache_home), settings);
}

std::vector<OfflineModel> list_offline_models(const std::filesystem::path& cache_home) {
  return hub::list_offline_models(cache_home_or_default(cache_home));
}

OfflineModel verify_offline_model(std::string_view model, bool check_hashes, const std::filesystem::path& cache_home) {
  return hub::verify_offline_model(cache_home_or_default(cache_home), model, check_hashes);
}

}  // namespace inference_exp
