#include "hub_load.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "core/log.hpp"
#include "hub/local_packages.hpp"
#include "hub_context.hpp"
#include "inference_exp/errors.hpp"
#include "local_model.hpp"
#include "negotiation/negotiate.hpp"

namespace inference_exp {

namespace {

/// One load of a model id.
class HubLoad {
 public:
  HubLoad(std::string_view model, const LoadOptions& options)
      : context_(model, options), environment_(environment_for_negotiation(options)) {
    if (context_.uses_resolution_cache()) {
      key_ = hub::resolution_key(model, options, context_.api_key(), fingerprint_of(environment_));
    }
  }

  [[nodiscard]] std::unique_ptr<Model> run() {
    if (std::unique_ptr<Model> model = from_resolution_cache()) return model;
    metadata_ = context_.ask_provider();
    const Decision decision = negotiate_here(metadata_, context_.model(), context_.options(), environment_);
    if (decision.ranked.empty()) negotiation::throw_nothing_left(decision);
    return first_that_opens(decision);
  }

 private:
  struct Attempt {
    std::string package_id;
    std::string error;
  };

  /// The choice of an earlier load. Whatever is wrong with it costs the time to look, nothing else.
  std::unique_ptr<Model> from_resolution_cache() {
    if (key_.empty()) return nullptr;
    const hub::ResolutionCache cache = context_.resolution_cache();
    const std::optional<hub::ResolutionEntry> entry = cache.retrieve(key_, context_.access());
    if (!entry) return nullptr;
    const auto folder = hub::usable_folder(context_.home(), *entry, context_.model(), context_.options(),
                                           context_.api_key(), context_.access());
    if (!folder) return nullptr;
    if (!is_sound(*entry)) {
      cache.invalidate(key_, context_.access());
      return nullptr;
    }
    try {
      std::unique_ptr<Model> model =
          load_package(*folder, {entry->architecture, entry->task, entry->backend}, context_.options());
      context_.access().on_model_loaded({entry->cache_model_id, entry->package_id, context_.api_key()});
      return model;
    } catch (const Error& error) {
      log_warning("The cached choice for \"" + std::string(context_.model()) +
                  "\" does not load any more and is dropped: " + error.message());
      cache.invalidate(key_, context_.access());
      return nullptr;
    }
  }

  /// A package that was compiled here is compared with its hashes; what was downloaded was compared then.
  [[nodiscard]] bool is_sound(const hub::ResolutionEntry& entry) const {
    if (!hub::is_local_package_id(entry.package_id)) return true;
    ModelMetadata model;
    model.model_id = entry.cache_model_id;
    model.architecture = entry.architecture;
    model.task = entry.task;
    return hub::is_sound_local_package(context_.home(), model, entry.package_id);
  }

  std::unique_ptr<Model> first_that_opens(const Decision& decision) {
    std::vector<Attempt> failed;
    for (std::size_t i = 0; i < attempts(decision); ++i) {
      const PackageMetadata& package = decision.ranked[i].package;
      if (std::unique_ptr<Model> model = try_package(package, failed)) return model;
    }
    throw_all_failed(failed);
  }

  [[nodiscard]] std::size_t attempts(const Decision& decision) const {
    const std::optional<std::int32_t> limit = context_.options().max_package_loading_attempts;
    if (!limit) return decision.ranked.size();
    if (*limit < 1) {
      throw InvalidParameterError("max_package_loading_attempts is " + std::to_string(*limit) + ".",
                                  "Give at least 1, or leave it unset to try every package that can run here.");
    }
    return std::min(static_cast<std::size_t>(*limit), decision.ranked.size());
  }

  /// Only errors that say "this package can't be used here" lead to the next one. Network, lock, disk, access and hash
  /// errors would quietly trade the best package for a slower one, so they end the load.
  std::unique_ptr<Model> try_package(const PackageMetadata& package, std::vector<Attempt>& failed) {
    try {
      return open(package);
    } catch (const ModelLoadingError& error) {
      note(package, error, failed);
    } catch (const MissingDependencyError& error) {
      note(package, error, failed);
    } catch (const EnvironmentConfigurationError& error) {
      note(package, error, failed);
    } catch (const ModelRuntimeError& error) {
      note(package, error, failed);
    } catch (const UntrustedFileError& error) {
      note(package, error, failed);
    }
    return nullptr;
  }

  static void note(const PackageMetadata& package, const Error& error, std::vector<Attempt>& failed) {
    log_warning("The package " + package.id + " (" + package.backend + ") does not load: " + error.message());
    failed.push_back({package.id + " (" + package.backend + ")", std::string(error.name()) + ": " + error.what()});
  }

  std::unique_ptr<Model> open(const PackageMetadata& package) {
    const hub::MaterializedPackage files = context_.materialize(metadata_, package);
    std::unique_ptr<Model> model =
        load_package(files.folder, {metadata_.architecture, metadata_.task, package.backend}, context_.options());
    if (!context_.offline()) remember(package, files);
    context_.access().on_model_loaded({metadata_.model_id, package.id, context_.api_key()});
    return model;
  }

  void remember(const PackageMetadata& package, const hub::MaterializedPackage& files) {
    context_.finish(metadata_, package, files);
    if (context_.warming_up()) context_.record_for_offline(metadata_, package.id, "warmup");
    if (key_.empty()) return;
    hub::ResolutionEntry entry;
    entry.model_id = context_.model();
    entry.canonical_model_id = metadata_.model_id;
    entry.cache_model_id = metadata_.model_id;
    entry.package_id = package.id;
    entry.resolved_files = files.resolved_files();
    entry.architecture = metadata_.architecture;
    entry.task = metadata_.task;
    entry.backend = package.backend;
    entry.features = package.features;
    entry.recommended = package.recommended ? package.recommended : metadata_.recommended;
    entry.trusted = package.trusted;
    entry.credential_hash = hub::credential_hash_of(context_.api_key());
    entry.local_packages = hub::local_package_ids(metadata_);
    context_.resolution_cache().store(key_, std::move(entry), context_.api_key(), context_.access());
  }

  [[noreturn]] void throw_all_failed(const std::vector<Attempt>& failed) const {
    std::string message = "No package of the model \"" + std::string(context_.model()) + "\" could be loaded:";
    for (const Attempt& attempt : failed) message += "\n  " + attempt.package_id + ": " + attempt.error;
    throw ModelPackageAlternativesExhaustedError(
        message, "Each line says what that package needs; `inference-exp explain` shows how they were chosen.");
  }

  HubContext context_;
  EnvironmentDescription environment_;
  std::string key_;  ///< empty: the resolution cache is not used
  ModelMetadata metadata_;
};

}  // namespace

std::unique_ptr<Model> load_from_hub(std::string_view model, const LoadOptions& options) {
  return HubLoad(model, options).run();
}

}  // namespace inference_exp
