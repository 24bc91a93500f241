#include "models/registry.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "inference_exp/errors.hpp"
#include "models/yolo.hpp"

namespace inference_exp::models {
namespace {

constexpr std::string_view kDetection = "object-detection";
constexpr std::string_view kSegmentation = "instance-segmentation";
constexpr std::string_view kKeyPoints = "keypoint-detection";

struct Entry {
  std::string_view architecture;
  std::string_view task;
  std::unique_ptr<Model> (*make)(ModelInit init);
};

constexpr std::array kEntries{
    Entry{"yolov8", kDetection, make_yolo_detection},        Entry{"yolov8", kSegmentation, make_yolo_segmentation},
    Entry{"yolov8", kKeyPoints, make_yolo_key_points},       Entry{"yolov9", kDetection, make_yolo_detection},
    Entry{"yolov10", kDetection, make_yolo_detection},       Entry{"yolov11", kDetection, make_yolo_detection},
    Entry{"yolov11", kSegmentation, make_yolo_segmentation}, Entry{"yolov11", kKeyPoints, make_yolo_key_points},
    Entry{"yolov12", kDetection, make_yolo_detection},       Entry{"yolov12", kSegmentation, make_yolo_segmentation},
    Entry{"yolo26", kDetection, make_yolo_detection},        Entry{"yolo26", kSegmentation, make_yolo_segmentation},
    Entry{"yolo26", kKeyPoints, make_yolo_key_points},
};

std::string list_entries() {
  std::string text;
  for (const Entry& entry : kEntries) {
    if (!text.empty()) text += ", ";
    text.append(entry.architecture).append(" ").append(entry.task);
  }
  return text;
}

}  // namespace

std::unique_ptr<Model> make_model(ModelInit init) {
  const auto* const entry = std::find_if(kEntries.begin(), kEntries.end(), [&](const Entry& candidate) {
    return candidate.architecture == init.architecture && candidate.task == init.task;
  });
  if (entry == kEntries.end()) {
    throw ModelImplementationNotFoundError(
        "No model family serves the architecture \"" + init.architecture + "\" for the task \"" + init.task + "\".",
        "Served are: " + list_entries() + ".");
  }
  return entry->make(std::move(init));
}

std::vector<std::pair<std::string, std::string>> registered() {
  std::vector<std::pair<std::string, std::string>> all;
  all.reserve(kEntries.size());
  for (const Entry& entry : kEntries) all.emplace_back(entry.architecture, entry.task);
  return all;
}

}  // namespace inference_exp::models
