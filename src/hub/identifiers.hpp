// Names from outside that become paths of the cache (loading.md, section 5.2).
//
// Contract: pure functions over text. What passes the checks here can be joined to a folder of the cache and stays
// inside it, on every file system.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "inference_exp/model_metadata.hpp"

namespace inference_exp::hub {

/// Throws InvalidParameterError when `model_id` is blank or not a line of text.
void check_model_id(std::string_view model_id);

/// The readable part of a folder name: letters, digits, '-' and '_', at most 48 of them.
[[nodiscard]] std::string slug_of(std::string_view model_id);
/// The folder of a model, "v2-<slug>-<hash>": different ids never share one.
[[nodiscard]] std::string model_folder_name(std::string_view model_id);

/// Throws InsecureModelIdentifierError unless `package_id` is made of letters and digits and is no device's name.
void check_package_id(std::string_view package_id);

/// Throws CorruptedModelPackageError, naming the package and the file, for a handle that is not a plain relative path,
/// that takes a name this library writes itself, or that clashes with another one, and for an MD5 that isn't one.
void check_package_files(std::string_view package_id, std::span<const PackageFile> files);

}  // namespace inference_exp::hub
