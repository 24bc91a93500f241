#include "models/rfdetr_checks.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "models/package_checks.hpp"

namespace inference_exp::models {
namespace {

std::string names_of(std::span<const runtime::TensorSpec> outputs) {
  std::string text;
  for (const runtime::TensorSpec& output : outputs) {
    if (!text.empty()) text += ", ";
    text += "\"" + output.name + "\"";
  }
  return text.empty() ? "none" : text;
}

std::optional<std::size_t> find_output(std::span<const runtime::TensorSpec> outputs, std::string_view name) {
  const auto found = std::ranges::find(outputs, name, &runtime::TensorSpec::name);
  if (found == outputs.end()) return std::nullopt;
  return static_cast<std::size_t>(found - outputs.begin());
}

void check_shapes(const Shape& boxes, const Shape& labels) {
  const bool match = boxes.rank() == 3 && labels.rank() == 3 && fits(boxes[2], 4) && labels[2] != 0 &&
                     (boxes[1] < 0 || fits(labels[1], boxes[1]));
  if (match) return;
  throw CorruptedModelPackageError("The network's outputs are " + boxes.to_string() + " and " + labels.to_string() +
                                       " where \"dets\" [batch, queries, 4] and \"labels\" [batch, queries, classes] "
                                       "were expected.",
                                   kWrongNetwork);
}

std::optional<std::int32_t> number_of(const runtime::Session& session, std::string_view key) {
  const auto found = session.metadata().find(key);
  return found == session.metadata().end() ? std::nullopt : parse_decimal(found->second);
}

}  // namespace

void check_rfdetr_package(const ModelInit& init) {
  check_image_package(init, "RF-DETR");
  const Size size = init.config.network_input.training_input_size;
  const std::int32_t step = side_multiple(*init.session);
  if (is_multiple(size, step)) return;
  throw CorruptedModelPackageError("The configuration's network_input.training_input_size is " +
                                       std::to_string(size.width) + " x " + std::to_string(size.height) +
                                       ", and the network takes multiples of " + std::to_string(step) + ".",
                                   kWrongNetwork);
}

RfdetrOutputs find_rfdetr_outputs(const runtime::Session& session) {
  const std::span<const runtime::TensorSpec> outputs = session.outputs();
  const std::optional<std::size_t> boxes = find_output(outputs, "dets");
  const std::optional<std::size_t> labels = find_output(outputs, "labels");
  if (!boxes || !labels || outputs.size() != 2) {
    throw CorruptedModelPackageError(
        R"(An RF-DETR detection network has the outputs "dets" and "labels"; this one has )" + names_of(outputs) + ".",
        kWrongNetwork);
  }
  check_shapes(outputs[*boxes].shape, outputs[*labels].shape);
  return {*boxes, *labels};
}

std::int32_t side_multiple(const runtime::Session& session) {
  constexpr std::int32_t kLargest = 4096;  // of either, so that their product fits
  const std::int32_t patch = number_of(session, "patch_size").value_or(1);
  const std::int32_t windows = number_of(session, "num_windows").value_or(1);
  const bool plausible = patch >= 1 && patch <= kLargest && windows >= 1 && windows <= kLargest;
  return plausible ? patch * windows : 1;
}

bool is_multiple(Size size, std::int32_t step) noexcept { return size.width % step == 0 && size.height % step == 0; }

}  // namespace inference_exp::models
