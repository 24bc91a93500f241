#include "hub/registered_models.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace inference_exp {

namespace hub {

namespace {

/// Ids with the same properties: "yolov8{n,s}-{640,1280}" stands for four of them.
struct Family {
  std::string_view ids;
  std::string_view architecture;
  std::string_view task;
  std::string_view license;
  bool open;
};

constexpr std::string_view kDetection = "object-detection";
constexpr std::string_view kSegmentation = "instance-segmentation";
constexpr std::string_view kKeyPoints = "keypoint-detection";
constexpr std::string_view kEmbedding = "embedding";

constexpr std::string_view kApache = "Apache-2.0";
constexpr std::string_view kPlatform = "PML-1.0";
constexpr std::string_view kAgpl = "AGPL-3.0";
constexpr std::string_view kFair = "FAIR Noncommercial Research License";
constexpr std::string_view kMit = "MIT";

/// loading.md, section 7.
constexpr std::array kFamilies{
    Family{"rfdetr-{nano,small,medium,base,large}", "rfdetr", kDetection, kApache, true},
    Family{"rfdetr-{xlarge,2xlarge}", "rfdetr", kDetection, kPlatform, false},
    Family{"rfdetr-seg-{preview,nano,small,medium,large}", "rfdetr", kSegmentation, kApache, false},
    Family{"rfdetr-seg-{xlarge,2xlarge}", "rfdetr", kSegmentation, kPlatform, false},
    Family{"rfdetr-keypoint-preview", "rfdetr", kKeyPoints, kApache, false},
    Family{"yolov8{n,s,m,l,x}-{640,1280}", "yolov8", kDetection, kAgpl, true},
    Family{"yolov8{n,s,m,l,x}-seg-{640,1280}", "yolov8", kSegmentation, kAgpl, false},
    Family{"yolov8{n,s,m,l,x}-pose-640", "yolov8", kKeyPoints, kAgpl, false},
    Family{"yolov8x-pose-1280", "yolov8", kKeyPoints, kAgpl, false},
    Family{"yolov10{n,s,m,b,l,x}-640", "yolov10", kDetection, kAgpl, true},
    Family{"yolov11{n,s,m,l,x}-{640,1280}", "yolov11", kDetection, kAgpl, false},
    Family{"yolov11{n,s,m,l,x}-seg-640", "yolov11", kSegmentation, kAgpl, false},
    Family{"perception-encoder/PE-Core-{B16-224,L14-336,G14-448}", "perception-encoder", kEmbedding, kFair, true},
    Family{"clip/{RN50,RN101,RN50x4,RN50x16,RN50x64,ViT-B-16,ViT-B-32,ViT-L-14,ViT-L-14-336px}", "clip", kEmbedding,
           kMit, true},
    Family{"grounding-dino", "grounding-dino", "open-vocabulary-object-detection", kApache, false},
    Family{"mediapipe/face-detector", "mediapipe-face-detector", kKeyPoints, kApache, false},
    Family{"l2cs-net/rn50", "l2cs-net", "gaze-detection", kMit, false},
};

struct Alias {
  std::string_view canonical;
  std::string_view id;
};

/// What providers call some of them.
constexpr std::array kAliases{
    Alias{"coco/3", "yolov8n-640"},
    Alias{"microsoft-coco-obj-det/8", "yolov8n-640"},
    Alias{"coco/5", "yolov8x-640"},
    Alias{"coco/22", "yolov10b-640"},
    Alias{"coco/25", "yolov11n-640"},
    Alias{"coco/36", "rfdetr-base"},
    Alias{"coco/37", "rfdetr-large"},
    Alias{"coco/50", "rfdetr-large"},
    Alias{"coco/38", "rfdetr-nano"},
    Alias{"coco/39", "rfdetr-small"},
    Alias{"coco/40", "rfdetr-medium"},
    Alias{"coco-dataset-vdnr1/2", "yolov8n-seg-640"},
    Alias{"coco-dataset-vdnr1/26", "rfdetr-seg-preview"},
};

/// Writes out every "{a,b}" of `pattern`; they are never nested.
void expand(std::string_view pattern, const std::string& before, std::vector<std::string>& ids) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) {
    ids.push_back(before + std::string(pattern));
    return;
  }
  const std::size_t close = pattern.find('}', open);
  const std::string prefix = before + std::string(pattern.substr(0, open));
  std::string_view choices = pattern.substr(open + 1, close - open - 1);
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find(','), choices.size());
    expand(pattern.substr(close + 1), prefix + std::string(choices.substr(0, end)), ids);
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
}

std::vector<RegisteredModel> expand_all() {
  std::vector<RegisteredModel> models;
  for (const Family& family : kFamilies) {
    std::vector<std::string> ids;
    expand(family.ids, {}, ids);
    for (std::string& id : ids) {
      models.push_back({.id = std::move(id),
                        .architecture = std::string(family.architecture),
                        .task = std::string(family.task),
                        .license = std::string(family.license),
                        .open = family.open});
    }
  }
  return models;
}

const std::vector<RegisteredModel>& all_models() {
  static const std::vector<RegisteredModel> instance = expand_all();
  return instance;
}

/// `id` as the list spells it.
std::string registered_spelling(std::string_view id) {
  const auto* alias = std::ranges::find(kAliases, id, &Alias::canonical);
  if (alias != kAliases.end()) id = alias->id;
  constexpr std::string_view kMaker = "yolo11";  // of YOLOv11, without the "v"
  return id.starts_with(kMaker) ? "yolov11" + std::string(id.substr(kMaker.size())) : std::string(id);
}

}  // namespace

std::optional<RegisteredModel> registered_model(std::string_view id) {
  const auto model = std::ranges::find(all_models(), registered_spelling(id), &RegisteredModel::id);
  if (model == all_models().end()) return std::nullopt;
  return *model;
}

}  // namespace hub

std::vector<RegisteredModel> registered_models() { return hub::all_models(); }

}  // namespace inference_exp
