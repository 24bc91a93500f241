// Who knows which packages a model has: the provider interface and the table of providers.
//
// Contract: providers are shared by all threads; `model_metadata` may be called from several at once. The provider
// "roboflow" is there from the start; its name and that of its offline twin can't be taken. An API key that reaches a
// provider must not appear in what it logs or throws.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference_exp/export.hpp"
#include "inference_exp/model_metadata.hpp"

namespace inference_exp {

struct ProviderRequest {
  std::string model_id{};
  std::string api_key{};                                       ///< empty: none
  std::vector<std::pair<std::string, std::string>> query{};    ///< further query parameters; repeated names are lists
  std::vector<std::pair<std::string, std::string>> headers{};  ///< further headers
};

class INFERENCE_EXP_API WeightsProvider {
 public:
  WeightsProvider() = default;
  WeightsProvider(const WeightsProvider&) = delete;
  WeightsProvider& operator=(const WeightsProvider&) = delete;
  virtual ~WeightsProvider();

  /// Everything known of the model, or a ModelRetrievalError (or one of its kinds), or RetryError for a network that
  /// failed.
  [[nodiscard]] virtual ModelMetadata model_metadata(const ProviderRequest& request) const = 0;
};

/// Adds a provider under `name`, replacing one of the same name. Throws InvalidParameterError for a reserved name
/// ("roboflow", "roboflow-offline-weights", in any case) or an empty one.
INFERENCE_EXP_API void register_weights_provider(std::string_view name,
                                                 std::shared_ptr<const WeightsProvider> provider);

}  // namespace inference_exp
