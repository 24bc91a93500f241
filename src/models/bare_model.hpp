// A model file with no package around it: what the file says of itself, completed by the caller, as a ModelInit.
#pragma once

#include <memory>
#include <string_view>

#include "inference_exp/load_options.hpp"
#include "models/registry.hpp"
#include "runtime/session.hpp"

namespace inference_exp::models {

/// Architecture, task, class names and size come from the caller's options, else from the file's metadata.
/// Pre-processing is what the file's exporter trained with: letterbox with grey 114, RGB, 1/255. `file` is the name
/// that errors carry. Throws MissingModelInitParameterError naming the option when something can be found in neither
/// place, and CorruptedModelPackageError when the network's input is not an image batch.
[[nodiscard]] ModelInit describe_bare_model(std::shared_ptr<const runtime::Session> session, const LoadOptions& options,
                                            std::string_view file);

}  // namespace inference_exp::models
