#include "packages/package_directory.hpp"

#include <algorithm>
#include <system_error>

#include "core/file.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::packages {

namespace fs = std::filesystem;

namespace {

/// Far above any real package, and small enough that parsing a hostile file stays fast and cheap.
constexpr std::size_t kMaxDescriptionSize = std::size_t{2} << 20;

constexpr std::string_view kCompletePackageHint = "Download or export the package again, complete.";

/// Whether a handle names something below the folder it is joined to. Handles come from outside, so this looks at the
/// words only: a link inside the folder may lead anywhere, since caches link to blobs shared between packages.
bool stays_inside(std::string_view handle) {
  if (handle.empty() || handle.find('\0') != std::string_view::npos) return false;
  const fs::path path(handle);
  return !path.has_root_path() && std::find(path.begin(), path.end(), "..") == path.end();
}

std::string read_description(const fs::path& path) {
  std::error_code error;
  if (const std::uintmax_t size = fs::file_size(path, error); !error && size > kMaxDescriptionSize) {
    throw CorruptedModelPackageError(path.string() + " has " + std::to_string(size) + " bytes; it is larger than the " +
                                         std::to_string(kMaxDescriptionSize) + " that such a file may have.",
                                     "Check that it is the right file, or download or export the package again.");
  }
  return read_text_file(path, kMaxDescriptionSize);
}

}  // namespace

PackageDirectory::PackageDirectory(fs::path root) : root_(std::move(root)) {
  std::error_code error;
  if (!fs::is_directory(root_, error)) {
    throw CorruptedModelPackageError("The model package " + root_.string() + " is not a folder.",
                                     "Pass the folder that holds the package's files.");
  }
}

fs::path PackageDirectory::require(std::string_view handle) const {
  if (!stays_inside(handle)) {
    throw CorruptedModelPackageError(
        "The file name \"" + std::string(handle) + "\" does not stay inside the package " + root_.string() + ".",
        "File names of a package are relative to its folder and have no \"..\".");
  }
  fs::path path = root_ / handle;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    throw CorruptedModelPackageError(
        "The model package " + root_.string() + " lacks the file " + std::string(handle) + ".", kCompletePackageHint);
  }
  if (!fs::is_regular_file(status)) {
    throw CorruptedModelPackageError(path.string() + " is not a regular file.", kCompletePackageHint);
  }
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || size == 0) {
    throw CorruptedModelPackageError(path.string() + (error ? " cannot be read." : " is empty."), kCompletePackageHint);
  }
  return path;
}

bool PackageDirectory::has(std::string_view handle) const {
  std::error_code error;
  return stays_inside(handle) && fs::exists(root_ / handle, error);
}

ModelConfig PackageDirectory::model_config() const {
  const fs::path path = require("model_config.json");
  return parse_model_config(read_description(path), path.string());
}

InferenceConfig PackageDirectory::inference_config() const {
  if (!has("inference_config.json") && has("environment.json")) {
    const fs::path path = require("environment.json");
    return parse_environment_config(read_description(path), path.string());
  }
  const fs::path path = require("inference_config.json");
  return parse_inference_config(read_description(path), path.string());
}

std::vector<std::string> PackageDirectory::class_names() const {
  const fs::path path = require("class_names.txt");
  return parse_class_names(read_description(path), path.string());
}

std::string PackageDirectory::model_type() const {
  const fs::path path = require("model_type.json");
  return parse_model_type(read_description(path), path.string());
}

std::string PackageDirectory::vision_encoder() const {
  const fs::path path = require("config.json");
  return parse_vision_encoder(read_description(path), path.string());
}

std::vector<Skeleton> PackageDirectory::skeletons() const {
  const fs::path path = require("keypoints_metadata.json");
  const auto edges = has("inference_config.json") ? SkeletonEdges::required : SkeletonEdges::optional;
  return parse_keypoints_metadata(read_description(path), path.string(), edges);
}

}  // namespace inference_exp::packages
