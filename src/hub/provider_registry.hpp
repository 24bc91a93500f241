// The table behind register_weights_provider.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/weights_provider.hpp"

namespace inference_exp::hub {

/// The provider of that exact name. "roboflow" is made at its first use, from the environment; with OFFLINE_MODE it
/// asks nobody. Throws ModelRetrievalError, naming the providers there are, and InvalidEnvVariable.
[[nodiscard]] std::shared_ptr<const WeightsProvider> find_weights_provider(std::string_view name);

/// All names, sorted.
[[nodiscard]] std::vector<std::string> weights_provider_names();

}  // namespace inference_exp::hub
