#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "packages/names_literal.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {

namespace {

using Metadata = std::map<std::string, std::string, std::less<>>;

std::string_view entry(const Metadata& metadata, std::string_view key) {
  const auto found = metadata.find(key);
  return found != metadata.end() ? trim(found->second) : std::string_view();
}

std::optional<std::string> task_of(std::string_view name) {
  if (name == "detect") return "object-detection";
  if (name == "segment") return "instance-segmentation";
  if (name == "pose") return "keypoint-detection";
  return std::nullopt;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// "Ultralytics YOLO11n-seg model trained on coco.yaml" says yolov11. Only the words before " model" count: what
/// follows is a path of the machine that trained it, and may well contain another family's name.
std::optional<std::string> architecture_of(std::string_view description) {
  constexpr auto kVersions = std::to_array<std::string_view>({"8", "9", "10", "11", "12"});
  constexpr std::string_view kFamily = "yolo";
  constexpr std::size_t kLongestTitle = 256;
  const std::string title = lower_case(description.substr(0, std::min(description.find(" model"), kLongestTitle)));
  for (std::size_t at = title.find(kFamily); at != std::string::npos; at = title.find(kFamily, at + 1)) {
    std::string_view version = std::string_view(title).substr(at + kFamily.size());
    if (version.starts_with('v')) version.remove_prefix(1);
    version = version.substr(
        0, static_cast<std::size_t>(std::find_if_not(version.begin(), version.end(), is_digit) - version.begin()));
    if (std::find(kVersions.begin(), kVersions.end(), version) != kVersions.end()) {
      return "yolov" + std::string(version);
    }
  }
  return std::nullopt;
}

/// "640", "[480, 640]" or "(480, 640)"; nothing when it is another text or has other than one or two numbers from 1 to
/// 65,535.
std::vector<std::int32_t> parse_extents(std::string_view text) {
  const bool list = (text.starts_with('[') && text.ends_with(']')) || (text.starts_with('(') && text.ends_with(')'));
  if (list) text = text.substr(1, text.size() - 2);
  std::vector<std::int32_t> extents;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::optional<std::int32_t> extent = parse_decimal(trim(text.substr(0, comma)));
    if (!extent || *extent < 1 || *extent > kMaxImageSide || extents.size() == 2) return {};
    extents.push_back(*extent);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return extents;
}

std::optional<Size> parse_image_size(std::string_view text) {
  const std::vector<std::int32_t> extents = parse_extents(text);
  if (extents.empty()) return std::nullopt;
  return Size{.width = extents.back(), .height = extents.front()};
}

std::optional<std::pair<std::int32_t, std::int32_t>> parse_key_point_shape(std::string_view text) {
  const std::vector<std::int32_t> extents = parse_extents(text);
  const bool sensible = extents.size() == 2 && (extents[1] == 2 || extents[1] == 3);  // x, y and perhaps confidence
  if (!sensible) return std::nullopt;
  return std::pair(extents[0], extents[1]);
}

}  // namespace

BareModelMetadata parse_bare_model_metadata(const Metadata& metadata) {
  BareModelMetadata result;
  result.architecture = architecture_of(entry(metadata, "description"));
  result.task = task_of(entry(metadata, "task"));
  result.class_names = parse_names_literal(entry(metadata, "names")).value_or(std::vector<std::string>());
  result.image_size = parse_image_size(entry(metadata, "imgsz"));
  result.key_point_shape = parse_key_point_shape(entry(metadata, "kpt_shape"));
  return result;
}

}  // namespace inference_exp::packages
