#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "c_api/arguments.hpp"
#include "c_api/error.hpp"
#include "c_api/handles.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/serialization.hpp"

namespace inference_exp::c_api {
namespace {

// Boxes and key points are handed out where they lie.
static_assert(sizeof(Box) == 4 * sizeof(std::int32_t) && offsetof(Box, y_max) == 3 * sizeof(std::int32_t));
static_assert(sizeof(KeyPoint) == sizeof(inference_exp_key_point) &&
              offsetof(KeyPoint, y) == offsetof(inference_exp_key_point, y) &&
              offsetof(KeyPoint, confidence) == offsetof(inference_exp_key_point, confidence));

/// The result of one image, where it is of that kind; NULL otherwise.
template <typename Result>
const Result* result_of(const inference_exp_predictions* predictions, size_t image) noexcept {
  if (predictions == nullptr) return nullptr;
  const auto* results = std::get_if<std::vector<Result>>(&predictions->results);
  return results != nullptr && image < results->size() ? &(*results)[image] : nullptr;
}

/// The boxes of one image, whatever else there is; NULL where there is no such image.
const Detections* boxes_of(const inference_exp_predictions* predictions, size_t image) noexcept {
  if (const auto* instances = result_of<InstanceDetections>(predictions, image)) return &instances->detections;
  if (const auto* key_points = result_of<KeyPoints>(predictions, image)) return &key_points->detections;
  return result_of<Detections>(predictions, image);
}

template <typename Masks>
const Masks* masks_of(const inference_exp_predictions* predictions, size_t image) noexcept {
  const auto* instances = result_of<InstanceDetections>(predictions, image);
  return instances != nullptr ? std::get_if<Masks>(&instances->masks) : nullptr;
}

Size mask_size(const inference_exp_predictions* predictions, size_t image) noexcept {
  if (const auto* dense = masks_of<DenseMasks>(predictions, image)) return dense->size();
  if (const auto* runs = masks_of<RleMasks>(predictions, image)) return runs->size;
  return {};
}

std::string json_of(const inference_exp_predictions& predictions, size_t image) {
  const Labels& labels = *predictions.labels;
  if (const auto* boxes = result_of<Detections>(&predictions, image)) return to_json(*boxes, labels.class_names);
  if (const auto* instances = result_of<InstanceDetections>(&predictions, image)) {
    return to_json(*instances, labels.class_names);
  }
  if (const auto* key_points = result_of<KeyPoints>(&predictions, image)) {
    return to_json(*key_points, labels.class_names, labels.skeletons);
  }
  throw InvalidParameterError("There is no image number " + std::to_string(image) + " among the predictions.",
                              "inference_exp_predictions_image_count says how many there are; they count from 0.");
}

}  // namespace
}  // namespace inference_exp::c_api

using namespace inference_exp;  // the C functions stand outside of every namespace

void inference_exp_predictions_free(inference_exp_predictions* predictions) {
  const std::unique_ptr<inference_exp_predictions> owned(predictions);
}

size_t inference_exp_predictions_image_count(const inference_exp_predictions* predictions) {
  if (predictions == nullptr) return 0;
  return std::visit([](const auto& results) { return results.size(); }, predictions->results);
}

size_t inference_exp_predictions_count(const inference_exp_predictions* predictions, size_t image) {
  const Detections* boxes = c_api::boxes_of(predictions, image);
  return boxes != nullptr ? boxes->size() : 0;
}

const int32_t* inference_exp_predictions_xyxy(const inference_exp_predictions* predictions, size_t image) {
  const Detections* boxes = c_api::boxes_of(predictions, image);
  return boxes != nullptr && !boxes->empty() ? &boxes->xyxy().front().x_min : nullptr;
}

const int32_t* inference_exp_predictions_class_id(const inference_exp_predictions* predictions, size_t image) {
  const Detections* boxes = c_api::boxes_of(predictions, image);
  return boxes != nullptr ? boxes->class_id().data() : nullptr;
}

const float* inference_exp_predictions_confidence(const inference_exp_predictions* predictions, size_t image) {
  const Detections* boxes = c_api::boxes_of(predictions, image);
  return boxes != nullptr ? boxes->confidence().data() : nullptr;
}

const char* inference_exp_predictions_class_name(const inference_exp_predictions* predictions, size_t image,
                                                 size_t row) {
  const Detections* boxes = c_api::boxes_of(predictions, image);
  if (boxes == nullptr || row >= boxes->size()) return nullptr;
  const auto& names = predictions->labels->class_names;
  const std::int32_t id = boxes->class_id()[row];
  const bool named = id >= 0 && static_cast<size_t>(id) < names.size();
  return named ? names[static_cast<size_t>(id)].c_str() : nullptr;
}

int32_t inference_exp_predictions_mask_format(const inference_exp_predictions* predictions, size_t image) {
  if (c_api::masks_of<DenseMasks>(predictions, image) != nullptr) return INFERENCE_EXP_MASKS_DENSE;
  if (c_api::masks_of<RleMasks>(predictions, image) != nullptr) return INFERENCE_EXP_MASKS_RLE;
  return INFERENCE_EXP_MASKS_NONE;
}

int32_t inference_exp_predictions_mask_width(const inference_exp_predictions* predictions, size_t image) {
  return c_api::mask_size(predictions, image).width;
}

int32_t inference_exp_predictions_mask_height(const inference_exp_predictions* predictions, size_t image) {
  return c_api::mask_size(predictions, image).height;
}

const uint8_t* inference_exp_predictions_masks(const inference_exp_predictions* predictions, size_t image) {
  const auto* dense = c_api::masks_of<DenseMasks>(predictions, image);
  return dense != nullptr ? dense->data().data() : nullptr;
}

const char* inference_exp_predictions_mask_rle(const inference_exp_predictions* predictions, size_t image, size_t row) {
  const auto* runs = c_api::masks_of<RleMasks>(predictions, image);
  return runs != nullptr && row < runs->counts.size() ? runs->counts[row].c_str() : nullptr;
}

inference_exp_status inference_exp_decode_rle(const char* counts, int32_t width, int32_t height, uint8_t* mask,
                                              size_t mask_size, inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    const auto pixels = decode_rle(&c_api::required(counts, "counts"), {width, height});
    std::uint8_t& first = c_api::required(mask, "mask");
    if (pixels.size() > mask_size) {
      throw InvalidParameterError("The mask has " + std::to_string(pixels.size()) + " pixels, and there is room for " +
                                      std::to_string(mask_size) + ".",
                                  "Give width * height bytes.");
    }
    std::copy(pixels.begin(), pixels.end(), &first);
  });
}

size_t inference_exp_predictions_key_point_slots(const inference_exp_predictions* predictions, size_t image) {
  const auto* key_points = c_api::result_of<KeyPoints>(predictions, image);
  return key_points != nullptr ? key_points->slots : 0;
}

const inference_exp_key_point* inference_exp_predictions_key_points(const inference_exp_predictions* predictions,
                                                                    size_t image) {
  const auto* key_points = c_api::result_of<KeyPoints>(predictions, image);
  if (key_points == nullptr) return nullptr;
  return reinterpret_cast<const inference_exp_key_point*>(key_points->points.data());
}

inference_exp_status inference_exp_predictions_to_json(const inference_exp_predictions* predictions, size_t image,
                                                       char** json, inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    auto& result = c_api::output(json, "json");
    result = c_api::new_text(c_api::json_of(c_api::required(predictions, "predictions"), image));
  });
}
