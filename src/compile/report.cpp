// What a compilation says of its result, as JSON.
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "compile/accuracy.hpp"
#include "core/json.hpp"
#include "inference_exp/compile.hpp"

namespace inference_exp {

namespace {

using Report = nlohmann::ordered_json;

/// JSON has no infinity; null stands for it.
template <typename Object>
Object finite_or_null(double value) {
  return std::isfinite(value) ? Object(value) : Object(nullptr);
}

template <typename Object>
Object accuracy_object(const EngineAccuracy& accuracy) {
  Object outputs = Object::array();
  for (const OutputDifference& output : accuracy.outputs) {
    outputs.push_back({{"max_abs", finite_or_null<Object>(output.max_abs)},
                       {"mean_abs", finite_or_null<Object>(output.mean_abs)},
                       {"largest", finite_or_null<Object>(output.largest)}});
  }
  Object detections = nullptr;
  if (const auto& boxes = accuracy.detections) {
    detections = {{"onnx_boxes", boxes->onnx_boxes},
                  {"engine_boxes", boxes->engine_boxes},
                  {"matched", boxes->matched},
                  {"min_iou", boxes->min_iou},
                  {"mean_iou", boxes->mean_iou},
                  {"max_score_difference", boxes->max_score_difference},
                  {"mean_score_difference", boxes->mean_score_difference}};
  }
  return {{"images", accuracy.images},
          {"made_up_image", accuracy.made_up_image},
          {"outputs", std::move(outputs)},
          {"detections", std::move(detections)}};
}

/// What was written by accuracy_json, read without trust: what is not there counts as nothing.
double number_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return 0;
  return found->is_number() ? found->get<double>() : std::numeric_limits<double>::infinity();
}

std::size_t count_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::size_t>() : 0;
}

}  // namespace

Json accuracy_json(const EngineAccuracy& accuracy) { return accuracy_object<Json>(accuracy); }

EngineAccuracy read_accuracy(const Json& document) {
  EngineAccuracy accuracy;
  if (!document.is_object()) return accuracy;
  accuracy.images = count_of(document, "images");
  const auto made_up = document.find("made_up_image");
  accuracy.made_up_image = made_up != document.end() && *made_up == true;
  if (const auto outputs = document.find("outputs"); outputs != document.end() && outputs->is_array()) {
    for (const Json& output : *outputs) {
      if (!output.is_object()) continue;
      accuracy.outputs.push_back({.max_abs = number_of(output, "max_abs"),
                                  .mean_abs = number_of(output, "mean_abs"),
                                  .largest = number_of(output, "largest")});
    }
  }
  const auto boxes = document.find("detections");
  if (boxes == document.end() || !boxes->is_object()) return accuracy;
  accuracy.detections = {.onnx_boxes = count_of(*boxes, "onnx_boxes"),
                         .engine_boxes = count_of(*boxes, "engine_boxes"),
                         .matched = count_of(*boxes, "matched"),
                         .min_iou = number_of(*boxes, "min_iou"),
                         .mean_iou = number_of(*boxes, "mean_iou"),
                         .max_score_difference = number_of(*boxes, "max_score_difference"),
                         .mean_score_difference = number_of(*boxes, "mean_score_difference")};
  return accuracy;
}

std::string to_json(const CompiledPackage& compiled) {
  const Report report = {
      {"model_id", compiled.model_id},
      {"package_id", compiled.package_id},
      {"folder", compiled.folder.string()},
      {"source_package", compiled.source_package},
      {"precision", std::string(quantization_name(compiled.precision))},
      {"batch", {{"min", compiled.batch.min}, {"opt", compiled.batch.opt}, {"max", compiled.batch.max}}},
      {"image_size", {{"width", compiled.image_size.width}, {"height", compiled.image_size.height}}},
      {"trt_version", compiled.trt_version},
      {"device_name", compiled.device_name},
      {"build_seconds", compiled.build_seconds},
      {"reused", compiled.reused},
      {"accuracy", accuracy_object<Report>(compiled.accuracy)}};
  return report.dump(-1, ' ', false, Report::error_handler_t::replace);
}

}  // namespace inference_exp
