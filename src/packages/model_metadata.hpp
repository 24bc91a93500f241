// Reading what a weights provider answers (loading.md, sections 2.3 to 2.5), and writing packages back in that form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "inference_exp/model_metadata.hpp"

namespace inference_exp::packages {

/// One page of an answer. `model.packages` and `model.skipped` are those of this page.
struct MetadataPage {
  ModelMetadata model;
  std::optional<std::string> next_page;
};

/// Parses an answer's body. A package entry or manifest that makes no sense is skipped and said in `model.skipped` (and
/// logged); anything wrong around it is a ModelRetrievalError that names `source`, including an {"error": ...} object.
[[nodiscard]] MetadataPage parse_metadata_page(std::string_view body, std::string_view source);

/// One package entry, "external-model-package-v1". Throws ModelMetadataConsistencyError,
/// ModelMetadataHandlerNotImplementedError or UnknownQuantizationError.
[[nodiscard]] PackageMetadata parse_package_entry(const Json& entry, std::string_view source);

/// The same entry back as JSON: parse_package_entry gives an equal package.
[[nodiscard]] Json package_entry(const PackageMetadata& package);

}  // namespace inference_exp::packages
