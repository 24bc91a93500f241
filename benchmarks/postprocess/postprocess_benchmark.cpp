// Post-processing on one thread, from output tensors to results. Inputs are made up but shaped like a real network's:
// a few groups of overlapping anchors per object above a floor of low scores.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "models/yolo_head.hpp"
#include "vision/boxes.hpp"
#include "vision/masks.hpp"

namespace inference_exp {
namespace {

constexpr std::size_t kAnchors = 8400;
constexpr std::size_t kClasses = 80;
constexpr float kSide = 640;

using Random = std::mt19937;

float uniform(Random& random, float low, float high) {
  return std::uniform_real_distribution<float>(low, high)(random);
}

void put_box(std::vector<float>& grid, std::size_t anchor, float cx, float cy, float width, float height) {
  grid[anchor] = cx;
  grid[kAnchors + anchor] = cy;
  grid[2 * kAnchors + anchor] = width;
  grid[3 * kAnchors + anchor] = height;
}

/// [84, 8400]: every anchor has a box and low scores.
std::vector<float> background(Random& random) {
  std::vector<float> grid((4 + kClasses) * kAnchors);
  for (std::size_t a = 0; a < kAnchors; ++a) {
    put_box(grid, a, uniform(random, 0, kSide), uniform(random, 0, kSide), uniform(random, 10, 200),
            uniform(random, 10, 200));
    for (std::size_t c = 0; c < kClasses; ++c) grid[(4 + c) * kAnchors + a] = uniform(random, 0, 0.01F);
  }
  return grid;
}

/// Twenty objects, each seen by a dozen neighbouring anchors.
std::vector<float> street_scene() {
  Random random(1);
  std::vector<float> grid = background(random);
  for (std::size_t object = 0; object < 20; ++object) {
    const float cx = uniform(random, 50, kSide - 50);
    const float cy = uniform(random, 50, kSide - 50);
    const float width = uniform(random, 30, 250);
    const float height = uniform(random, 30, 250);
    const auto class_id = static_cast<std::size_t>(uniform(random, 0, kClasses - 0.1F));
    for (std::size_t k = 0; k < 12; ++k) {
      const std::size_t anchor = (object * 401 + k) % kAnchors;
      put_box(grid, anchor, cx + uniform(random, -3, 3), cy + uniform(random, -3, 3), width, height);
      grid[(4 + class_id) * kAnchors + anchor] = uniform(random, 0.4F, 0.95F);
    }
  }
  return grid;
}

/// Every anchor above the threshold.
std::vector<float> everything_scores(std::size_t classes_used) {
  Random random(2);
  std::vector<float> grid = background(random);
  for (std::size_t a = 0; a < kAnchors; ++a) {
    grid[(4 + a * 7 % classes_used) * kAnchors + a] = uniform(random, 0.5F, 1.F);
  }
  return grid;
}

PreprocessingMetadata full_hd() {
  PreprocessingMetadata placement;
  placement.pad_top = placement.pad_bottom = 140;
  placement.original_size = placement.size_after_pre_processing = {1920, 1080};
  placement.inference_size = {640, 640};
  placement.scale_width = placement.scale_height = 640.0 / 1920;
  placement.static_crop = {0, 0, 1920, 1080};
  return placement;
}

void run_detection(benchmark::State& state, std::vector<float> grid, std::size_t max_detections, bool agnostic) {
  const models::YoloHead head{models::YoloLayout::anchor_grid, kClasses, 0};
  const TensorView output{grid.data(), DType::f32, Shape{4 + kClasses, kAnchors}};
  const models::RowFilter filter{{0.4F, {}}, {0.3, max_detections, agnostic}};
  models::RowWorkspace workspace;
  std::vector<models::YoloRow> rows;
  const vision::PixelMapping mapping(full_hd());
  for (auto _ : state) {
    models::read_rows(head, output, filter, workspace, rows);
    std::vector<Box> boxes;
    boxes.reserve(rows.size());
    for (const models::YoloRow& row : rows) boxes.push_back(mapping.box(row.box));
    benchmark::DoNotOptimize(boxes.data());
  }
  state.counters["rows"] = static_cast<double>(rows.size());
  state.counters["candidates"] = static_cast<double>(workspace.candidates.size());
}

void detection_street_scene(benchmark::State& state) { run_detection(state, street_scene(), 300, false); }
void detection_worst_case(benchmark::State& state) { run_detection(state, everything_scores(80), 300, false); }
void detection_worst_case_no_limit(benchmark::State& state) {
  run_detection(state, everything_scores(80), kAnchors, false);
}
void detection_worst_case_one_class(benchmark::State& state) {
  run_detection(state, everything_scores(1), kAnchors, true);
}

/// Prototypes and twenty instances whose masks are blobs inside their boxes.
struct MaskScene {
  std::vector<float> values;
  vision::Prototypes prototypes;
  std::vector<vision::BoxF> boxes;
  std::vector<std::vector<float>> coefficients;

  /// Boxes from `smallest` to `largest` of the picture's sides.
  MaskScene(float smallest, float largest) {
    Random random(3);
    constexpr std::size_t kChannels = 32;
    constexpr std::int32_t kCells = 160;
    for (std::size_t c = 0; c < kChannels; ++c) {
      const float fx = uniform(random, 0.02F, 0.15F);
      const float fy = uniform(random, 0.02F, 0.15F);
      for (int y = 0; y < kCells; ++y) {
        for (int x = 0; x < kCells; ++x) {
          values.push_back(std::sin(fx * static_cast<float>(x)) * std::cos(fy * static_cast<float>(y)) +
                           uniform(random, -0.05F, 0.05F));
        }
      }
    }
    prototypes = {values, kChannels, {kCells, kCells}};
    for (int i = 0; i < 20; ++i) {
      const float width = uniform(random, smallest, largest) * 640;
      const float height = uniform(random, smallest, largest) * 360;
      const float x = uniform(random, 0, 640 - width);
      const float y = 140 + uniform(random, 0, 360 - height);
      boxes.push_back({x, y, x + width, y + height});
      std::vector<float>& own = coefficients.emplace_back();
      for (std::size_t c = 0; c < kChannels; ++c) own.push_back(uniform(random, -1, 1));
    }
  }
};

void run_dense(benchmark::State& state, const MaskScene& scene) {
  const PreprocessingMetadata placement = full_hd();
  vision::MaskWorkspace workspace;
  for (auto _ : state) {
    const vision::MaskPainter painter(scene.prototypes, placement, {}, workspace);
    DenseMasks masks(scene.boxes.size(), placement.original_size);
    for (std::size_t i = 0; i < scene.boxes.size(); ++i) {
      painter.paint({scene.boxes[i], scene.coefficients[i]}, masks.mask(i));
    }
    benchmark::DoNotOptimize(masks.data().data());
  }
}

void run_rle(benchmark::State& state, const MaskScene& scene) {
  const PreprocessingMetadata placement = full_hd();
  vision::MaskWorkspace workspace;
  std::size_t characters = 0;
  for (auto _ : state) {
    const vision::MaskPainter painter(scene.prototypes, placement, {}, workspace);
    std::vector<std::string> masks;
    for (std::size_t i = 0; i < scene.boxes.size(); ++i) {
      masks.push_back(painter.run_lengths({scene.boxes[i], scene.coefficients[i]}));
      characters += masks.back().size();
    }
    benchmark::DoNotOptimize(masks.data());
  }
  state.counters["characters"] = static_cast<double>(characters) / static_cast<double>(state.iterations());
}

void masks_dense_ordinary(benchmark::State& state) { run_dense(state, MaskScene(0.1F, 0.5F)); }
void masks_rle_ordinary(benchmark::State& state) { run_rle(state, MaskScene(0.1F, 0.5F)); }
void masks_dense_full_frame(benchmark::State& state) { run_dense(state, MaskScene(1.F, 1.F)); }
void masks_rle_full_frame(benchmark::State& state) { run_rle(state, MaskScene(1.F, 1.F)); }

void masks_reference_ordinary(benchmark::State& state) {
  const MaskScene scene(0.1F, 0.5F);
  for (auto _ : state) {
    for (std::size_t i = 0; i < scene.boxes.size(); ++i) {
      benchmark::DoNotOptimize(
          vision::paint_mask_reference(scene.prototypes, full_hd(), {}, {scene.boxes[i], scene.coefficients[i]}));
    }
  }
}

BENCHMARK(detection_street_scene)->Unit(benchmark::kMillisecond);
BENCHMARK(detection_worst_case)->Unit(benchmark::kMillisecond);
BENCHMARK(detection_worst_case_no_limit)->Unit(benchmark::kMillisecond);
BENCHMARK(detection_worst_case_one_class)->Unit(benchmark::kMillisecond);
BENCHMARK(masks_dense_ordinary)->Unit(benchmark::kMillisecond);
BENCHMARK(masks_rle_ordinary)->Unit(benchmark::kMillisecond);
BENCHMARK(masks_dense_full_frame)->Unit(benchmark::kMillisecond);
BENCHMARK(masks_rle_full_frame)->Unit(benchmark::kMillisecond);
BENCHMARK(masks_reference_ordinary)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace inference_exp

BENCHMARK_MAIN();
