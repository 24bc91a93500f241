#include <cmath>
#include <cstddef>
#include <optional>
#include <string>

#include "c_api/arguments.hpp"
#include "c_api/options.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::c_api {
namespace {

// A member that is added later must not lie in what older callers know as padding.
static_assert(offsetof(inference_exp_inference_options, timings) + sizeof(void*) ==
              sizeof(inference_exp_inference_options));

inference_exp_inference_options default_inference_options() {
  inference_exp_inference_options options{};
  options.confidence = options.iou_threshold = options.mask_threshold = options.key_points_threshold = kUnset;
  options.mask_smoothing = 1;
  return options;
}

std::optional<double> optional_number(double value) {
  if (std::isnan(value)) return std::nullopt;
  return value;
}

MaskFormat mask_format(std::int32_t value) {
  if (value == INFERENCE_EXP_MASKS_DENSE) return MaskFormat::dense;
  if (value == INFERENCE_EXP_MASKS_RLE) return MaskFormat::rle;
  throw InvalidParameterError("The option mask_format is " + std::to_string(value) + ".",
                              "Use INFERENCE_EXP_MASKS_DENSE or INFERENCE_EXP_MASKS_RLE.");
}

}  // namespace

CallOptions::CallOptions(const inference_exp_inference_options* options) {
  if (options == nullptr) return;
  const auto given = read_struct(*options, default_inference_options(), "options");
  values_.confidence = optional_number(given.confidence);
  for (const auto& [name, confidence] :
       list(given.per_class_confidence, given.per_class_confidence_count, "per_class_confidence")) {
    values_.per_class_confidence[&required(name, "per_class_confidence")] = confidence;
  }
  values_.iou_threshold = optional_number(given.iou_threshold);
  if (given.max_detections != 0) values_.max_detections = given.max_detections;
  values_.class_agnostic_nms = flag(given.class_agnostic_nms, "class_agnostic_nms");
  if (given.image_width != 0 || given.image_height != 0) {
    values_.image_size = Size{given.image_width, given.image_height};
  }
  values_.mask_format = mask_format(given.mask_format);
  values_.mask_smoothing = flag(given.mask_smoothing, "mask_smoothing");
  values_.mask_threshold = optional_number(given.mask_threshold);
  values_.key_points_threshold = optional_number(given.key_points_threshold);
  values_.disable_static_crop = flag(given.disable_static_crop, "disable_static_crop");
  values_.disable_grayscale = flag(given.disable_grayscale, "disable_grayscale");
  values_.disable_contrast_enhancement = flag(given.disable_contrast_enhancement, "disable_contrast_enhancement");
  values_.disable_cuda_graphs = flag(given.disable_cuda_graphs, "disable_cuda_graphs");
  wanted_ = given.timings;
  if (wanted_ != nullptr) values_.timings = &timings_;
}

void CallOptions::report_timings() const noexcept {
  if (wanted_ != nullptr) *wanted_ = {timings_.pre_process, timings_.run, timings_.post_process};
}

}  // namespace inference_exp::c_api

void inference_exp_inference_options_init(inference_exp_inference_options* options, size_t struct_size) {
  using namespace inference_exp::c_api;
  init_struct(options, struct_size, default_inference_options());
}
