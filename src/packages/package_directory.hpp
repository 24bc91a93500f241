// A package folder: which files it has and what they say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference_exp/model.hpp"
#include "packages/inference_config.hpp"

namespace inference_exp::packages {

/// model_config.json (loading.md, section 3.7): all keys optional here, types checked.
struct ModelConfig {
  std::optional<std::string> model_architecture;
  std::optional<std::string> task_type;
  std::optional<std::string> backend_type;
  std::optional<std::string> model_module;
  std::optional<std::string> model_class;
  std::optional<std::string> model_id;
};

class PackageDirectory {
 public:
  /// Throws CorruptedModelPackageError when `root` is not a folder.
  explicit PackageDirectory(std::filesystem::path root);

  [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }
  /// The path of a required file; throws CorruptedModelPackageError naming it when it is missing, empty, or when the
  /// handle itself leaves the folder (absolute, or with ".."). A link inside the folder may lead outside: that is how a
  /// cache shares files between packages.
  [[nodiscard]] std::filesystem::path require(std::string_view handle) const;
  [[nodiscard]] bool has(std::string_view handle) const;

  [[nodiscard]] ModelConfig model_config() const;
  /// inference_config.json, or environment.json translated when there is only that.
  [[nodiscard]] InferenceConfig inference_config() const;
  /// class_names.txt: UTF-8, one per line, trimmed, blank lines dropped, at least one.
  [[nodiscard]] std::vector<std::string> class_names() const;
  /// model_type.json: which size of its family a checkpoint is, such as "rfdetr-base".
  [[nodiscard]] std::string model_type() const;
  /// config.json of Perception Encoder: which of its encoders a checkpoint is, such as "PE-Core-B16-224".
  [[nodiscard]] std::string vision_encoder() const;
  /// keypoints_metadata.json: one skeleton per class, in class order (loading.md, section 3.6).
  [[nodiscard]] std::vector<Skeleton> skeletons() const;

 private:
  std::filesystem::path root_;
};

/// The parsers behind the class, for text that is already in memory.
[[nodiscard]] ModelConfig parse_model_config(std::string_view text, std::string_view file);
[[nodiscard]] std::vector<std::string> parse_class_names(std::string_view text, std::string_view file);
[[nodiscard]] std::string parse_model_type(std::string_view text, std::string_view file);
[[nodiscard]] std::string parse_vision_encoder(std::string_view text, std::string_view file);
/// Packages with an inference_config.json must list the edges; older ones may leave them out, which means none.
enum class SkeletonEdges : std::uint8_t { required, optional };
[[nodiscard]] std::vector<Skeleton> parse_keypoints_metadata(std::string_view text, std::string_view file,
                                                             SkeletonEdges edges = SkeletonEdges::optional);

/// What a bare model file says about itself in ultralytics-style metadata ("task", "names", "description", "imgsz",
/// "kpt_shape", "stride", "end2end"); every entry lenient: what cannot be read is left unset.
struct BareModelMetadata {
  std::optional<std::string> architecture;  ///< "yolov8", "yolov9", "yolov10", "yolov11", "yolov12"
  std::optional<std::string> task;          ///< "object-detection", "instance-segmentation", "keypoint-detection"
  std::vector<std::string> class_names;
  std::optional<Size> image_size;
  std::optional<std::pair<std::int32_t, std::int32_t>> key_point_shape;  ///< (K, values per point)
};
[[nodiscard]] BareModelMetadata parse_bare_model_metadata(
    const std::map<std::string, std::string, std::less<>>& metadata);

}  // namespace inference_exp::packages
