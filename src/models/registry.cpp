#include "models/registry.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "inference_exp/errors.hpp"
#include "models/clip.hpp"
#include "models/perception_encoder.hpp"
#include "models/rfdetr.hpp"
#include "models/yolo.hpp"

namespace inference_exp::models {
namespace {

constexpr std::string_view kDetection = "object-detection";
constexpr std::string_view kSegmentation = "instance-segmentation";
constexpr std::string_view kKeyPoints = "keypoint-detection";
constexpr std::string_view kEmbedding = "embedding";
constexpr std::string_view kClip = "clip";

struct Entry {
  std::string_view architecture;
  std::string_view task;
  std::unique_ptr<Model> (*make)(ModelInit init);
};

constexpr std::array kEntries{
    Entry{"yolov8", kDetection, make_yolo_detection},
    Entry{"yolov8", kSegmentation, make_yolo_segmentation},
    Entry{"yolov8", kKeyPoints, make_yolo_key_points},
    Entry{"yolov9", kDetection, make_yolo_detection},
    Entry{"yolov10", kDetection, make_yolo_detection},
    Entry{"yolov11", kDetection, make_yolo_detection},
    Entry{"yolov11", kSegmentation, make_yolo_segmentation},
    Entry{"yolov11", kKeyPoints, make_yolo_key_points},
    Entry{"yolov12", kDetection, make_yolo_detection},
    Entry{"yolov12", kSegmentation, make_yolo_segmentation},
    Entry{"yolo26", kDetection, make_yolo_detection},
    Entry{"yolo26", kSegmentation, make_yolo_segmentation},
    Entry{"yolo26", kKeyPoints, make_yolo_key_points},
    Entry{kRfdetr, kDetection, make_rfdetr_detection},
    Entry{kClip, kEmbedding, make_clip},
    Entry{"perception-encoder", kEmbedding, make_perception_encoder},
};

/// Networks with suppression inside: read as the fused rows that they give.
constexpr std::string_view kFusedNms = "nms_fused";

/// An RF-DETR network's measures: told by the network itself, or of no concern to who runs it.
constexpr std::array<std::string_view, 6> kRfdetrFeatures{"resolution", "patch_size",  "num_windows",
                                                          "dec_layers", "num_queries", "num_select"};

void add_rfdetr_implementations(const Entry& entry, std::vector<Implementation>& all) {
  for (const std::string_view backend : {"onnx", "trt", "torch"}) {
    all.push_back({entry.architecture, entry.task, backend, {kRfdetrFeatures.begin(), kRfdetrFeatures.end()}, {}});
  }
}

/// Which packages a YOLO entry serves (loading.md, section 6.1). YOLOv10 does without suppression, so that no package
/// of it can have it fused. TorchScript packages with fused suppression are left out: they call an operator of
/// torchvision, which is no part of LibTorch.
void add_yolo_implementations(const Entry& entry, std::vector<Implementation>& all) {
  std::vector<std::string_view> features;
  if (entry.architecture != "yolov10") features.push_back(kFusedNms);
  all.push_back({entry.architecture, entry.task, "onnx", std::move(features), {}});
  all.push_back({entry.architecture, entry.task, "trt", {}, {}});
  if (entry.architecture != "yolov10") all.push_back({entry.architecture, entry.task, "torch-script", {}, {}});
}

void add_implementations(const Entry& entry, std::vector<Implementation>& all) {
  if (entry.architecture == kRfdetr) {
    add_rfdetr_implementations(entry, all);
  } else if (entry.task == kEmbedding) {
    if (entry.architecture == kClip) all.push_back({entry.architecture, entry.task, "onnx", {}, {}});
    all.push_back({entry.architecture, entry.task, "torch", {}, {}});
  } else {
    add_yolo_implementations(entry, all);
  }
}

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

std::vector<Implementation> implementations() {
  std::vector<Implementation> all;
  for (const Entry& entry : kEntries) add_implementations(entry, all);
  return all;
}

}  // namespace inference_exp::models
