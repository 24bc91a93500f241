// From files on this machine to a model.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "inference_exp/load_options.hpp"
#include "inference_exp/model.hpp"

namespace inference_exp {

/// What a package folder has to be told: who reads it and what runs it.
struct PackageKind {
  std::string architecture;
  std::string task;
  std::string backend;
};

/// Opens a package folder as its model_config.json says.
[[nodiscard]] std::unique_ptr<Model> load_package(const std::filesystem::path& folder, const LoadOptions& options);

/// Opens a package folder that has no model_config.json yet; LoadOptions::backends was heeded when it was chosen.
[[nodiscard]] std::unique_ptr<Model> load_package(const std::filesystem::path& folder, const PackageKind& kind,
                                                  const LoadOptions& options);

/// Opens a bare model file.
[[nodiscard]] std::unique_ptr<Model> load_model_file(const std::filesystem::path& file, const LoadOptions& options);

}  // namespace inference_exp
