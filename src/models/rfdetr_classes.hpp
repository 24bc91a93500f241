// From the classes that an RF-DETR network scores to those that the model reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "packages/inference_config.hpp"

namespace inference_exp::models {

/// What Roboflow's exports call the class that stands for no object.
inline constexpr std::string_view kBackgroundClass = "background_class83422";

/// The reported id of each scored class; kDropped where there is none.
class ClassMap {
 public:
  static constexpr std::int32_t kDropped = -1;

  ClassMap() = default;
  explicit ClassMap(std::vector<std::int32_t> ids) : ids_(std::move(ids)) {}
  /// Classes beyond the named ones are dropped.
  [[nodiscard]] std::int32_t of(std::size_t scored) const noexcept {
    return scored < ids_.size() ? ids_[scored] : kDropped;
  }

 private:
  std::vector<std::int32_t> ids_;
};

/// Takes the classes that `removals` name out of `class_names`; later ids move down. A removal of a class that does not
/// exist changes nothing and is told as a warning.
[[nodiscard]] ClassMap apply_removals(std::span<const packages::ClassNameRemoval> removals,
                                      std::vector<std::string>& class_names);

/// Asks for the removal of the background class, when there is one and nothing else was asked for.
void remove_background(std::span<const std::string> class_names, std::vector<packages::ClassNameRemoval>& removals);

}  // namespace inference_exp::models
