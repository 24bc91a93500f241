// The kinds of package that a weights provider announces (loading.md, section 2.4).
#pragma once

#include <string_view>

#include "core/json.hpp"
#include "inference_exp/model_metadata.hpp"
#include "packages/json_reader.hpp"

namespace inference_exp::packages {

/// What to do about a package that makes no sense.
inline constexpr std::string_view kPackageHint =
    "Whoever runs the weights provider must correct the package; others still work.";

/// Whether packages of this kind are well known and of no use to any backend of this library's model format.
[[nodiscard]] bool is_foreign_manifest(std::string_view type) noexcept;

/// Fills in what a "packageManifest" says: backend, quantization, batch and details. Throws
/// ModelMetadataConsistencyError or CorruptedModelPackageError for one that makes no sense,
/// ModelMetadataHandlerNotImplementedError for an unknown kind of package or machine, UnknownQuantizationError.
void read_manifest(const JsonReader& manifest, PackageMetadata& package);

/// The same back. Throws InvalidParameterError where no kind of manifest has the package's backend and details.
[[nodiscard]] Json manifest_json(const PackageMetadata& package);

}  // namespace inference_exp::packages
