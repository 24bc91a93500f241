#include "models/rfdetr_classes.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"

namespace inference_exp::models {

ClassMap apply_removals(std::span<const packages::ClassNameRemoval> removals, std::vector<std::string>& class_names) {
  for (const packages::ClassNameRemoval& removal : removals) {
    if (std::ranges::find(class_names, removal.class_name) != class_names.end()) continue;
    log_warning("The configuration removes the class \"" + removal.class_name + "\", which the package does not name.");
  }
  std::vector<std::int32_t> ids;
  std::vector<std::string> kept;
  ids.reserve(class_names.size());
  for (std::string& name : class_names) {
    const bool removed = std::ranges::find(removals, name, &packages::ClassNameRemoval::class_name) != removals.end();
    ids.push_back(removed ? ClassMap::kDropped : static_cast<std::int32_t>(kept.size()));
    if (!removed) kept.push_back(std::move(name));
  }
  class_names = std::move(kept);
  return ClassMap(std::move(ids));
}

void remove_background(std::span<const std::string> class_names, std::vector<packages::ClassNameRemoval>& removals) {
  if (!removals.empty() || std::ranges::find(class_names, kBackgroundClass) == class_names.end()) return;
  removals.push_back({std::string(kBackgroundClass)});
}

}  // namespace inference_exp::models
