// What is known of models whose packages lie in the cache, for loading them without a network (loading.md, 5.8).
//
// Contract: a record says what the weights provider said, without download addresses, which carry signatures and grow
// stale. Reading skips, with a warning, what it can't understand. Records merge: several processes may write.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/cache_layout.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/model_metadata.hpp"
#include "inference_exp/weights_provider.hpp"

namespace inference_exp::hub {

struct OfflineRecord {
  ModelMetadata model;  ///< its packages' files have no addresses
  std::vector<std::string> aliases;
  std::string recorded_at;                                 ///< UTC, ISO 8601
  std::string source;                                      ///< "warmup", "cli-install"
  std::map<std::string, std::string, std::less<>> proven;  ///< by package id, when it was last loaded
};

struct RecordRequest {
  std::string requested_model{};  ///< as the caller wrote it; kept as an alias where it is another id
  std::string proven_package{};   ///< the one that was loaded; empty: none
  std::string api_key{};          ///< told to the access manager, and nobody else
  std::string source = "warmup";
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  std::chrono::milliseconds lock_timeout{20000};
};

/// Merges into the model's record: new packages are added, known ones replaced. Packages with files that have no hash
/// are left out. Throws ModelCacheError, FileLockTimeoutError.
void record_offline_model(const CacheHome& home, const ModelMetadata& model, const RecordRequest& request,
                          AccessManager& access);

/// The record of a canonical id or of an alias.
[[nodiscard]] std::optional<OfflineRecord> find_offline_record(const CacheHome& home, std::string_view model_id);
/// All that can be read, by canonical id.
[[nodiscard]] std::vector<OfflineRecord> offline_records(const CacheHome& home);

/// With the state of every recorded package; only looks whether the files are there.
[[nodiscard]] std::vector<OfflineModel> list_offline_models(const CacheHome& home);
/// Throws ModelRetrievalError for a model that is not recorded.
[[nodiscard]] OfflineModel verify_offline_model(const CacheHome& home, std::string_view model_id, bool check_hashes);

/// Answers from the records, with the packages whose files are all in the cache. Sends nothing, writes nothing.
class OfflineProvider final : public WeightsProvider {
 public:
  explicit OfflineProvider(CacheHome home);
  /// Throws ModelRetrievalError for a model that is not recorded or has no complete package.
  [[nodiscard]] ModelMetadata model_metadata(const ProviderRequest& request) const override;

 private:
  CacheHome home_;
};

}  // namespace inference_exp::hub
