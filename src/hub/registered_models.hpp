// The model ids that this library knows of, and the licences of their weights.
#pragma once

#include <optional>
#include <string_view>

#include "inference_exp/hub.hpp"

namespace inference_exp::hub {

/// Under a registered id, another spelling of one, or an id that the weights provider answers such a one with
/// ("coco/3" is yolov8n-640). The answer carries the registered id.
[[nodiscard]] std::optional<RegisteredModel> registered_model(std::string_view id);

}  // namespace inference_exp::hub
