// What a call about a model id works with: where its cache is, who is asked, and on which terms.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/hub_options.hpp"
#include "hub/cache_layout.hpp"
#include "hub/http.hpp"
#include "hub/materialize.hpp"
#include "hub/pinned_file.hpp"
#include "hub/resolution_cache.hpp"
#include "inference_exp/environment.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/load_options.hpp"
#include "inference_exp/negotiation.hpp"
#include "inference_exp/weights_provider.hpp"

namespace inference_exp {

/// The cache at `cache_home`, or where the environment says. Throws ModelCacheError when there is no place for one.
[[nodiscard]] hub::CacheHome cache_home_or_default(const std::filesystem::path& cache_home);

class HubContext {
 public:
  /// Borrows `model` and `options`. Throws InvalidParameterError for a blank id, InvalidEnvVariable, ModelCacheError,
  /// ModelRetrievalError (unknown provider, contradicting offline switches), and UnauthorizedModelAccessError where the
  /// access manager forbids the model.
  HubContext(std::string_view model, const LoadOptions& options);

  [[nodiscard]] std::string_view model() const noexcept { return model_; }
  [[nodiscard]] const LoadOptions& options() const noexcept { return options_; }
  [[nodiscard]] const hub::CacheHome& home() const noexcept { return home_; }
  [[nodiscard]] const std::string& api_key() const noexcept { return api_key_; }
  [[nodiscard]] bool offline() const noexcept { return offline_; }
  /// Record what is loaded for later use without a network.
  [[nodiscard]] bool warming_up() const noexcept { return environment_.offline_warm_up; }
  [[nodiscard]] AccessManager& access() const noexcept { return *access_; }
  [[nodiscard]] hub::ResolutionCache resolution_cache() const;
  [[nodiscard]] bool uses_resolution_cache() const noexcept;

  /// Asks the provider and tells the access manager what comes of it.
  [[nodiscard]] ModelMetadata ask_provider() const;
  /// Downloads what is missing of a package.
  [[nodiscard]] hub::MaterializedPackage materialize(const ModelMetadata& model, const PackageMetadata& package) const;
  /// Marks a package folder as complete, with its licence.
  void finish(const ModelMetadata& model, const PackageMetadata& package, const hub::MaterializedPackage& files) const;
  void record_for_offline(const ModelMetadata& model, const std::string& package_id, std::string source) const;
  /// Bytes of files by HEAD, in order; nothing where the server does not tell.
  [[nodiscard]] std::vector<std::optional<std::uint64_t>> sizes_of(const std::vector<std::string>& urls) const;

 private:
  [[nodiscard]] AccessManager::Package granted(const ModelMetadata& model, const PackageMetadata& package) const;

  std::string_view model_;
  const LoadOptions& options_;
  const HubEnvironment& environment_;
  hub::CacheHome home_;
  std::string api_key_;
  bool offline_;
  std::shared_ptr<AccessManager> access_;
  std::shared_ptr<const WeightsProvider> provider_;
  std::shared_ptr<hub::HttpClient> client_;
};

/// Fetches a public file with the same terms as model files: gateway, lock, retries, progress.
void fetch_pinned_file(const hub::PinnedFile& file, const std::filesystem::path& target, const LoadOptions& options);

/// This machine as negotiation sees it. Throws where the probe does.
[[nodiscard]] EnvironmentDescription environment_for_negotiation(const LoadOptions& options);

/// What of the machine a cached choice depends on.
[[nodiscard]] hub::RuntimeFingerprint fingerprint_of(const EnvironmentDescription& environment);

[[nodiscard]] Decision negotiate_here(const ModelMetadata& metadata, std::string_view model, const LoadOptions& options,
                                      const EnvironmentDescription& environment);

/// The licence of a model's weights, where the id or its canonical form is registered.
[[nodiscard]] std::optional<std::string> license_of(std::string_view requested, std::string_view canonical);

}  // namespace inference_exp
