// Packages and tensors that the YOLO tests are made of.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "inference_exp/model.hpp"
#include "models/fake_session.hpp"
#include "models/registry.hpp"
#include "support/golden.hpp"

namespace inference_exp::testing {

/// Letterbox to `size` x `size`, RGB, 1/255, suppression not fused.
inline packages::InferenceConfig letterbox_config(std::int32_t size) {
  packages::InferenceConfig config;
  config.network_input.training_input_size = {size, size};
  config.network_input.resize_mode = ResizeMode::letterbox;
  config.network_input.scaling_factor = 255;
  config.post_processing = packages::PostProcessing{};
  return config;
}

/// "class 0", "class 1", ...
inline std::vector<std::string> numbered_classes(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("class " + std::to_string(i));
  return names;
}

inline models::ModelInit yolo_init(std::string architecture, std::string task, std::int32_t size, std::size_t classes,
                                   std::vector<FakeOutput> outputs) {
  models::ModelInit init;
  init.session = std::make_shared<FakeSession>(Shape{-1, 3, size, size}, std::move(outputs));
  init.architecture = std::move(architecture);
  init.task = std::move(task);
  init.config = letterbox_config(size);
  init.class_names = numbered_classes(classes);
  return init;
}

/// The model of `init` as the class that its task calls for.
template <typename T>
std::unique_ptr<T> make(models::ModelInit init) {
  std::unique_ptr<Model> model = models::make_model(std::move(init));
  auto* typed = dynamic_cast<T*>(model.get());
  if (typed == nullptr) return nullptr;
  (void)model.release();
  return std::unique_ptr<T>(typed);
}

/// A picture of one grey value that owns its pixels.
struct GreyImage {
  GreyImage(Size picture, std::uint8_t value = 0)
      : size(picture),
        pixels(static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 3, value) {}
  [[nodiscard]] ImageView view() const { return ImageView::from_u8(pixels.data(), size, PixelFormat::rgb); }

  Size size;
  std::vector<std::uint8_t> pixels;
};

/// golden_vectors.json's od_tensor: [4 + classes + extra, anchors].
inline std::vector<float> golden_grid(std::uint32_t seed, std::size_t anchors, std::size_t classes, int size,
                                      std::size_t extra) {
  Lcg random(seed);
  const auto side = static_cast<float>(size);
  std::vector<float> grid((4 + classes + extra) * anchors);
  for (std::size_t a = 0; a < anchors; ++a) {
    std::size_t row = 0;
    const auto put = [&](float value) { grid[row++ * anchors + a] = value; };
    put(side * random.uniform());
    put(side * random.uniform());
    put(side / 32 + side / 4 * random.uniform());
    put(side / 32 + side / 4 * random.uniform());
    for (std::size_t c = 0; c < classes; ++c) put(random.uniform());
    for (std::size_t e = 0; e < extra; ++e) put(random.uniform() - 0.5F);
  }
  return grid;
}

inline FakeOutput grid_output(std::vector<float> grid, std::size_t rows) {
  const auto values = static_cast<std::int64_t>(rows);
  const auto anchors = static_cast<std::int64_t>(grid.size() / rows);
  return {Shape{-1, values, anchors}, Shape{values, anchors}, {std::move(grid)}};
}

inline FakeOutput row_output(std::vector<float> rows, std::size_t width) {
  const auto values = static_cast<std::int64_t>(width);
  const auto count = static_cast<std::int64_t>(rows.size() / width);
  return {Shape{-1, count, values}, Shape{count, values}, {std::move(rows)}};
}

inline std::vector<Box> boxes_of(const nlohmann::json& xyxy) {
  std::vector<Box> boxes;
  for (const auto& row : xyxy) boxes.push_back({row[0], row[1], row[2], row[3]});
  return boxes;
}

}  // namespace inference_exp::testing
