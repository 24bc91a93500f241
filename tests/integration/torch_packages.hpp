// Packages for the Torch plug-in around weights that lie elsewhere, and the golden photos and tensors to try them with.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"
#include "support/golden.hpp"
#include "support/recipe_checkpoint.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::testing {

/// What is compared is float32 on a processor, whatever else the machine has; nothing is looked up or fetched.
inline LoadOptions torch_on_cpu(const std::filesystem::path& home) {
  LoadOptions options;
  options.session.device = "cpu";
  options.hub.cache_home = home;
  options.hub.offline = true;
  return options;
}

/// Replaces the link that is there.
inline void link_file(const std::filesystem::path& target, const std::filesystem::path& link) {
  std::filesystem::remove(link);
  std::filesystem::create_symlink(std::filesystem::absolute(target), link);
}

inline void write_json(const std::filesystem::path& path, const nlohmann::json& document) {
  std::ofstream(path) << document.dump();
}

inline void write_model_config(const std::filesystem::path& folder, const std::string& architecture,
                               const std::string& task) {
  std::filesystem::create_directories(folder);
  write_json(folder / "model_config.json",
             {{"model_architecture", architecture}, {"task_type", task}, {"backend_type", "torch"}});
}

/// What RF-DETR's networks are trained with: stretched to a square, RGB, ImageNet's mean and deviation.
inline nlohmann::json rfdetr_config(int side) {
  return {{"network_input",
           {{"training_input_size", {{"height", side}, {"width", side}}},
            {"dynamic_spatial_size_supported", false},
            {"color_mode", "rgb"},
            {"resize_mode", "stretch"},
            {"input_channels", 3},
            {"scaling_factor", 255},
            {"normalization", {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}}}}};
}

/// Classes are called "class 0", "class 1" and so on.
inline void write_rfdetr_package(const std::filesystem::path& folder, const std::filesystem::path& weights,
                                 const std::string& size, int classes, const nlohmann::json& config) {
  write_model_config(folder, "rfdetr", "object-detection");
  write_json(folder / "model_type.json", {{"model_type", size}});
  write_json(folder / "inference_config.json", config);
  std::ofstream names(folder / "class_names.txt");
  for (int i = 0; i < classes; ++i) names << "class " << i << "\n";
  link_file(weights, folder / "weights.pth");
}

/// CLIP or Perception Encoder (B16), with CLIP's vocabulary where the shared data has it.
inline void write_embedding_package(const std::filesystem::path& folder, const std::filesystem::path& weights,
                                    const std::string& architecture) {
  write_model_config(folder, architecture, "embedding");
  if (architecture == "perception-encoder") {
    write_json(folder / "config.json", {{"vision_encoder_config", "PE-Core-B16-224"}});
  }
  link_file(weights, folder / "model.pt");
  const std::string vocabulary = "bpe_simple_vocab_16e6.txt.gz";
  const std::filesystem::path shared = shared_dir() / "models" / vocabulary;
  if (std::filesystem::exists(shared)) link_file(shared, folder / vocabulary);
}

/// A photo of golden/preproc, BGR.
inline cv::Mat golden_photo(const std::string& name) {
  return cv::imread((shared_dir() / "golden" / "preproc" / (name + ".png")).string());
}

/// Rows must score above `confidence`.
inline InferenceOptions above(double confidence) {
  InferenceOptions options;
  options.confidence = confidence;
  return options;
}

inline std::vector<Detection> rows_of(const Detections& detections) {
  std::vector<Detection> rows;
  for (std::size_t i = 0; i < detections.size(); ++i) rows.push_back(detections[i]);
  return rows;
}

/// A float32 tensor of a golden safetensors file, row-major.
inline std::vector<float> golden_floats(const std::filesystem::path& file, const std::string& tensor) {
  const auto opened = checkpoint::Checkpoint::open(file);
  const checkpoint::TensorEntry* const entry = opened->find(tensor);
  if (entry == nullptr || entry->dtype != DType::f32) throw std::runtime_error(tensor + " is not in " + file.string());
  std::vector<float> values(entry->element_count);
  opened->read(*entry, std::as_writable_bytes(std::span(values)));
  return values;
}

}  // namespace inference_exp::testing
