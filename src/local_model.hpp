// From files on this machine to a model.
#pragma once

#include <filesystem>
#include <memory>

#include "inference_exp/load_options.hpp"
#include "inference_exp/model.hpp"
#include "models/package_model.hpp"

namespace inference_exp {

/// Opens a package folder as its model_config.json says.
[[nodiscard]] std::unique_ptr<Model> load_package(const std::filesystem::path& folder, const LoadOptions& options);

/// Opens a package folder that has no model_config.json yet; LoadOptions::backends was heeded when it was chosen.
[[nodiscard]] std::unique_ptr<Model> load_package(const std::filesystem::path& folder, const models::PackageKind& kind,
                                                  const LoadOptions& options);

/// Opens a bare model file.
[[nodiscard]] std::unique_ptr<Model> load_model_file(const std::filesystem::path& file, const LoadOptions& options);

}  // namespace inference_exp
