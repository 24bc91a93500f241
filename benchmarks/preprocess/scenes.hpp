// The shapes that are measured, and OpenCV's way to pre-process them.
#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp::benchmarks {

struct Scene {
  std::string_view name;
  Size image;
  ResizeMode mode;
  Size target;
  bool normalized;
};

inline constexpr std::array kScenes{
    Scene{"1080p letterbox 640", {1920, 1080}, ResizeMode::letterbox, {640, 640}, false},
    Scene{"1080p letterbox 640 normalized", {1920, 1080}, ResizeMode::letterbox, {640, 640}, true},
    Scene{"1080p stretch 640", {1920, 1080}, ResizeMode::stretch, {640, 640}, false},
    Scene{"720p letterbox 640", {1280, 720}, ResizeMode::letterbox, {640, 640}, false},
    Scene{"VGA letterbox 640", {640, 480}, ResizeMode::letterbox, {640, 640}, false},
    Scene{"VGA letterbox 1280", {640, 480}, ResizeMode::letterbox, {1280, 1280}, false},
    Scene{"1000x750 letterbox 640", {1000, 750}, ResizeMode::letterbox, {640, 640}, false},
    Scene{"4K letterbox 640", {3840, 2160}, ResizeMode::letterbox, {640, 640}, false},
};

/// Pictures for CLIP (shorter side, crop; bicubic) and Perception Encoder (stretch; bilinear), as torch resizes them.
struct TorchScene {
  std::string_view name;
  Size image;
  ResizeMode mode;
  Resampling resampling;
};

inline constexpr std::array kTorchScenes{
    TorchScene{"1080x810 CLIP 224", {1080, 810}, ResizeMode::shortest_edge_center_crop, Resampling::torch_bicubic},
    TorchScene{"1080p CLIP 224", {1920, 1080}, ResizeMode::shortest_edge_center_crop, Resampling::torch_bicubic},
    TorchScene{"1080x810 PE 224", {1080, 810}, ResizeMode::stretch, Resampling::torch_bilinear},
    TorchScene{"1080p PE 224", {1920, 1080}, ResizeMode::stretch, Resampling::torch_bilinear},
};

class Picture {
 public:
  explicit Picture(Size size)
      : size_(size), pixels_(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3) {
    std::mt19937 random(1);
    for (std::uint8_t& value : pixels_) value = static_cast<std::uint8_t>(random());
  }
  [[nodiscard]] ImageView view() const { return ImageView::from_u8(pixels_.data(), size_, PixelFormat::bgr); }
  [[nodiscard]] cv::Mat mat() { return {size_.height, size_.width, CV_8UC3, pixels_.data()}; }

 private:
  Size size_;
  std::vector<std::uint8_t> pixels_;
};

inline Preprocessing recipe_of(const Scene& scene) {
  Preprocessing recipe;
  recipe.resize_mode = scene.mode;
  recipe.target = scene.target;
  recipe.padding_value = 114;
  recipe.scaling_factor = 255.0F;
  if (scene.normalized) recipe.normalization = Normalization{{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};
  return recipe;
}

inline Preprocessing recipe_of(const TorchScene& scene) {
  Preprocessing recipe;
  recipe.resize_mode = scene.mode;
  recipe.resampling = scene.resampling;
  recipe.target = {224, 224};
  recipe.scaling_factor = 255.0F;
  recipe.normalization = Normalization{{0.48145466F, 0.4578275F, 0.40821073F}, {0.26862954F, 0.26130258F, 0.27577711F}};
  return recipe;
}

/// The straightforward chain: resize, pad, swap, scale, split. Its intermediate pictures live as long as the object, so
/// an object per call is the chain as it is mostly written, and one object for all calls spares it the page faults.
class OpenCvChain {
 public:
  void run(const cv::Mat& image, const Preprocessing& recipe, std::span<float> chw) {
    const PreprocessingMetadata placement = vision::plan(recipe, {image.cols, image.rows});
    const cv::Size resized{recipe.target.width - placement.pad_left - placement.pad_right,
                           recipe.target.height - placement.pad_top - placement.pad_bottom};
    cv::resize(image, resized_, resized, 0, 0, cv::INTER_LINEAR);
    cv::copyMakeBorder(resized_, padded_, placement.pad_top, placement.pad_bottom, placement.pad_left,
                       placement.pad_right, cv::BORDER_CONSTANT, cv::Scalar::all(recipe.padding_value));
    cv::cvtColor(padded_, swapped_, cv::COLOR_BGR2RGB);
    swapped_.convertTo(scaled_, CV_32F, 1.0 / 255.0);
    if (recipe.normalization) {
      const auto& [mean, std] = *recipe.normalization;
      cv::subtract(scaled_, cv::Scalar(mean[0], mean[1], mean[2]), scaled_);
      cv::divide(scaled_, cv::Scalar(std[0], std[1], std[2]), scaled_);
    }
    std::array<cv::Mat, 3> planes;
    const std::size_t size = chw.size() / 3;
    for (std::size_t c = 0; c < 3; ++c) {
      planes[c] = cv::Mat(recipe.target.height, recipe.target.width, CV_32F, chw.subspan(c * size).data());
    }
    cv::split(scaled_, planes.data());
  }

 private:
  cv::Mat resized_;
  cv::Mat padded_;
  cv::Mat swapped_;
  cv::Mat scaled_;
};

/// The network's input as the library holds it; OpenCV writes into one of the same kind.
class Slot {
 public:
  explicit Slot(const Preprocessing& recipe)
      : buffer_(static_cast<std::size_t>(recipe.target.width) * static_cast<std::size_t>(recipe.target.height) * 3 *
                sizeof(float)) {}
  [[nodiscard]] std::span<float> pixels() const {
    return {reinterpret_cast<float*>(buffer_.data()), buffer_.size() / sizeof(float)};
  }

 private:
  AlignedBuffer buffer_;
};

}  // namespace inference_exp::benchmarks
