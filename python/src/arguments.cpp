#include "arguments.hpp"

#include <pybind11/stl.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "inference_exp/errors.hpp"

namespace py = pybind11;

namespace inference_exp::python {

namespace {

using Setter = void (*)(CallArguments&, py::handle);

std::string_view text_of(py::handle value) { return value.cast<std::string_view>(); }

void set_confidence(CallArguments& call, py::handle value) {
  if (!py::isinstance<py::str>(value)) {
    call.options.confidence = value.cast<double>();
  } else if (text_of(value) != "default") {
    throw InvalidParameterError(R"(confidence is a number or "default", not ")" + value.cast<std::string>() + "\".",
                                "Give a number between 0 and 1.");
  }
}

void set_iou(CallArguments& call, py::handle value) { call.options.iou_threshold = value.cast<double>(); }

void set_class_agnostic(CallArguments& call, py::handle value) { call.options.class_agnostic_nms = value.cast<bool>(); }

void set_max_detections(CallArguments& call, py::handle value) {
  call.options.max_detections = value.cast<std::int32_t>();
}

void set_image_size(CallArguments& call, py::handle value) {
  if (py::isinstance<py::int_>(value)) {
    const auto side = value.cast<std::int32_t>();
    call.options.image_size = Size{side, side};
    return;
  }
  const auto [width, height] = value.cast<std::pair<std::int32_t, std::int32_t>>();
  call.options.image_size = Size{width, height};
}

void set_mask_format(CallArguments& call, py::handle value) {
  const std::string_view format = text_of(value);
  if (format != "dense" && format != "rle") {
    throw InvalidParameterError("There is no mask_format \"" + std::string(format) + "\".", R"(Use "dense" or "rle".)");
  }
  call.options.mask_format = format == "rle" ? MaskFormat::rle : MaskFormat::dense;
}

void set_color(CallArguments& call, py::handle value) {
  const std::string_view color = text_of(value);
  if (color != "rgb" && color != "bgr") {
    throw InvalidParameterError("There is no input_color_format \"" + std::string(color) + "\".",
                                R"(Use "rgb" or "bgr".)");
  }
  call.color = color == "rgb" ? PixelFormat::rgb : PixelFormat::bgr;
}

using Flag = bool InferenceOptions::*;
constexpr std::array<std::pair<const char*, Flag>, 3> kOverrides{{
    {"disable_static_crop", &InferenceOptions::disable_static_crop},
    {"disable_grayscale", &InferenceOptions::disable_grayscale},
    {"disable_contrast_enhancement", &InferenceOptions::disable_contrast_enhancement},
}};

/// `value`: a PreProcessingOverrides, or a dict of its fields.
void set_overrides(CallArguments& call, py::handle value) {
  const py::object type = py::module_::import("inference_exp._auto_model").attr("PreProcessingOverrides");
  auto overrides = py::reinterpret_borrow<py::object>(value);
  if (py::isinstance<py::dict>(value)) overrides = type(**py::reinterpret_borrow<py::dict>(value));
  if (!py::isinstance(overrides, type)) {
    throw py::type_error("pre_processing_overrides is a PreProcessingOverrides or a dict, not " +
                         py::repr(value).cast<std::string>() + ".");
  }
  for (const auto& [name, flag] : kOverrides) call.options.*flag = overrides.attr(name).cast<bool>();
}

constexpr std::array<std::pair<std::string_view, Setter>, 17> kArguments{{
    {"confidence", set_confidence},
    {"conf_thresh", set_confidence},
    {"threshold", set_confidence},
    {"iou_threshold", set_iou},
    {"iou_thresh", set_iou},
    {"max_detections", set_max_detections},
    {"class_agnostic_nms", set_class_agnostic},
    {"class_agnostic", set_class_agnostic},
    {"key_points_threshold",
     [](CallArguments& call, py::handle value) { call.options.key_points_threshold = value.cast<double>(); }},
    {"mask_format", set_mask_format},
    {"masks_smoothing_enabled",
     [](CallArguments& call, py::handle value) { call.options.mask_smoothing = value.cast<bool>(); }},
    {"masks_binarization_threshold",
     [](CallArguments& call, py::handle value) { call.options.mask_threshold = value.cast<double>(); }},
    {"image_size", set_image_size},
    {"pre_processing_overrides", set_overrides},
    {"input_color_format", set_color},
    {"disable_cuda_graphs",
     [](CallArguments& call, py::handle value) { call.options.disable_cuda_graphs = value.cast<bool>(); }},
    {"per_class_confidence",
     [](CallArguments& call, py::handle value) {
       call.options.per_class_confidence = value.cast<std::map<std::string, double, std::less<>>>();
     }},
}};

[[noreturn]] void throw_unknown(const std::string& name) {
  py::list known;
  for (const auto& [argument, setter] : kArguments) known.append(std::string(argument));
  const py::list close = py::module_::import("difflib").attr("get_close_matches")(name, known, 1, 0.0);
  throw py::type_error("There is no argument \"" + name + "\". Did you mean \"" + close[0].cast<std::string>() + "\"?");
}

}  // namespace

CallArguments call_arguments(const py::kwargs& arguments) {
  CallArguments call;
  for (const auto& [key, value] : arguments) {
    const std::string_view name = text_of(key);
    Setter found = nullptr;
    for (const auto& [argument, setter] : kArguments) {
      if (argument == name) found = setter;
    }
    if (found == nullptr) throw_unknown(std::string(name));
    if (value.is_none()) continue;
    try {
      found(call, value);
    } catch (const py::cast_error&) {
      throw py::type_error("The argument \"" + std::string(name) + "\" does not take " +
                           py::repr(value).cast<std::string>() + ".");
    }
  }
  return call;
}

}  // namespace inference_exp::python
