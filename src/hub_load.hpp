// From a model id to a model.
#pragma once

#include <memory>
#include <string_view>

#include "inference_exp/load_options.hpp"
#include "inference_exp/model.hpp"

namespace inference_exp {

/// The cached choice where there is one, else: ask the provider, negotiate, download and open, package after package
/// until one opens (loading.md, section 1.1). Throws what AutoModel::from_pretrained promises.
[[nodiscard]] std::unique_ptr<Model> load_from_hub(std::string_view model, const LoadOptions& options);

}  // namespace inference_exp
