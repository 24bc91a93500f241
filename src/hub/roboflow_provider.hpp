// Asks Roboflow's API which packages a model has (loading.md, sections 2.1 and 2.2).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/hub_options.hpp"
#include "hub/http.hpp"
#include "hub/retry.hpp"
#include "inference_exp/weights_provider.hpp"

namespace inference_exp::hub {

/// Thread-safe. The key of a request travels in the Authorization header, and only to the API's own host. Tries and
/// pauses are those of `environment`, unless a policy is given.
class RoboflowProvider final : public WeightsProvider {
 public:
  RoboflowProvider(HubEnvironment environment, std::shared_ptr<HttpClient> client);
  RoboflowProvider(HubEnvironment environment, std::shared_ptr<HttpClient> client, RetryPolicy retries);

  /// Also throws InvalidParameterError for a blank model id, and for a key or header that can't be sent.
  [[nodiscard]] ModelMetadata model_metadata(const ProviderRequest& request) const override;

 private:
  /// One page's body.
  [[nodiscard]] std::string ask(const ProviderRequest& request, const std::string& start_after) const;
  [[nodiscard]] HttpRequest http_request(const ProviderRequest& request, const std::string& start_after) const;

  HubEnvironment environment_;
  std::shared_ptr<HttpClient> client_;
  RetryPolicy retries_;
};

/// The number of tries and the statuses that `environment` names.
[[nodiscard]] RetryPolicy retry_policy(const HubEnvironment& environment);

}  // namespace inference_exp::hub
