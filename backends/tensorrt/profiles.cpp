#include "profiles.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <optional>

#include "common/failure.hpp"
#include "common/tensors.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

namespace {

bool holds(const ProfileShapes& profile, std::span<const std::int64_t> shape) {
  return std::ranges::equal(profile.min, shape, std::less_equal{}) &&
         std::ranges::equal(shape, profile.max, std::less_equal{});
}

std::int64_t element_count(std::span<const std::int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies{});
}

std::string range_text(const ProfileShapes& profile) {
  std::string text = "[";
  for (std::size_t i = 0; i < profile.min.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(profile.min[i]);
    if (profile.max[i] != profile.min[i]) text += ".." + std::to_string(profile.max[i]);
  }
  return text + "]";
}

/// How far the shapes are from the optimum of a profile that holds them; nothing when it does not.
std::optional<std::int64_t> distance_to(std::size_t profile, std::span<const Port> inputs,
                                        std::span<const Dimensions> shapes) {
  std::int64_t distance = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (profile >= inputs[i].profiles.size() || !holds(inputs[i].profiles[profile], shapes[i])) return std::nullopt;
    const std::int64_t difference = element_count(shapes[i]) - element_count(inputs[i].profiles[profile].opt);
    distance += difference < 0 ? -difference : difference;
  }
  return distance;
}

[[noreturn]] void refuse_together(std::span<const Port> inputs, std::span<const Dimensions> shapes) {
  std::string text = "No optimisation profile of the engine takes these shapes together:";
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    text += (i > 0 ? ", \"" : " \"") + inputs[i].name + "\" " + backend::text_of(shapes[i]) + " (takes " +
            allowed_shapes(inputs[i]) + ")";
  }
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, text + ".", "Use shapes of one profile, or compile the model for them.");
}

}  // namespace

std::string allowed_shapes(const Port& input) {
  std::string text;
  for (const ProfileShapes& profile : input.profiles) {
    const std::string range = range_text(profile);
    if (text.find(range) != std::string::npos) continue;  // profiles often differ in another input only
    text += (text.empty() ? "" : " or ") + range;
  }
  return text;
}

void check_input_shape(const Port& input, std::span<const std::int64_t> shape) {
  const auto fits = [&](const ProfileShapes& profile) { return holds(profile, shape); };
  if (std::ranges::any_of(input.profiles, fits)) return;
  throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                "The tensor for \"" + input.name + "\" has the shape " + backend::text_of(shape) +
                    "; the engine takes " + allowed_shapes(input) + ".",
                "Use a shape within these limits, or compile the model for others.");
}

std::int32_t choose_profile(std::span<const Port> inputs, std::span<const Dimensions> shapes) {
  const std::size_t count = inputs.empty() ? 1 : inputs.front().profiles.size();
  std::optional<std::int64_t> least;
  std::size_t best = 0;
  for (std::size_t profile = 0; profile < count; ++profile) {
    const std::optional<std::int64_t> distance = distance_to(profile, inputs, shapes);
    if (!distance || (least && *least <= *distance)) continue;
    least = distance;
    best = profile;
  }
  if (!least) refuse_together(inputs, shapes);
  return static_cast<std::int32_t>(best);
}

}  // namespace inference_exp::tensorrt
