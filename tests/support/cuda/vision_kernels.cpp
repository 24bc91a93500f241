#include "support/cuda/vision_kernels.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "vision/cuda/grid_kernels.hpp"
#include "vision/cuda/mask_kernels.hpp"
#include "vision/cuda/preprocess_kernels.hpp"
#include "vision/cuda/top_kernels.hpp"

namespace inference_exp::test {

namespace {

namespace gpu = vision::gpu;

/// Turns a kernel's device pointers into host pointers.
class Translator {
 public:
  explicit Translator(StandInDriver& driver) : driver_(&driver) {}

  /// `count` elements of T must be there. Null stays null.
  template <typename T>
  void operator()(T*& pointer, std::size_t count) const {
    pointer = static_cast<T*>(translate(pointer, count * sizeof(T)));
  }
  void operator()(gpu::Elements& elements, std::size_t count) const {
    elements.values = translate(elements.values, count * (elements.half ? 2 : 4));
  }

  [[nodiscard]] void* translate(const void* pointer, std::size_t bytes) const {
    if (pointer == nullptr || bytes == 0) return nullptr;
    std::byte* const memory = driver_->device_memory(reinterpret_cast<std::uintptr_t>(pointer), bytes);
    if (memory != nullptr) return memory;
    std::fprintf(stderr, "A kernel was given %zu bytes at %p, which are not in device memory.\n", bytes, pointer);
    std::abort();
  }

 private:
  StandInDriver* driver_;
};

std::size_t area(std::int32_t width, std::int32_t height) {
  return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
}

void translate_planes(const Translator& translate, gpu::Planes& planes) {
  planes.values = translate.translate(planes.values, 3 * area(planes.width, planes.height) * (planes.half ? 2 : 4));
}

// The tables say which rows are read; the picture must have them.
void translate_source(const Translator& translate, gpu::SourcePixels& source, std::int32_t rows) {
  translate(source.bytes, source.row_bytes * static_cast<std::size_t>(rows));
}

void translate_work(const Translator& translate, gpu::LinearWork& work) {
  translate_planes(translate, work.planes);
  translate(work.columns, static_cast<std::size_t>(work.planes.inner_width));
  translate(work.rows, static_cast<std::size_t>(work.planes.inner_height));
  std::int32_t last = 0;
  for (std::int32_t y = 0; y < work.planes.inner_height; ++y) {
    for (const std::int32_t row : {work.rows[y].first, work.rows[y].second}) last = row > last ? row : last;
  }
  translate_source(translate, work.source, last + 1);
}

void translate_taps(const Translator& translate, gpu::TriangleTaps& taps, std::int32_t length) {
  translate(taps.taps, static_cast<std::size_t>(length));
  translate(taps.weights, area(length, taps.stride));
}

void translate_work(const Translator& translate, gpu::PillowWork& work) {
  translate_planes(translate, work.planes);
  translate_taps(translate, work.columns, work.planes.inner_width);
  translate_taps(translate, work.rows, work.planes.inner_height);
  const gpu::TriangleTap& last = work.rows.taps[work.planes.inner_height - 1];
  translate_source(translate, work.source, last.first + last.count);
}

void translate_work(const Translator& translate, gpu::GridWork& work) {
  const std::size_t anchors = work.anchors;
  translate(work.grid, (4 + std::size_t{work.classes} + work.extra) * anchors);
  translate(work.class_thresholds, work.classes);
  translate(work.counters, 1);
  translate(work.keys, anchors);
  translate(work.candidates, anchors);
  translate(work.ranked, anchors);
  translate(work.kept, work.max_rows);
  translate(work.rows, work.max_rows);
  translate(work.extra_values, std::size_t{work.max_rows} * work.extra);
}

void translate_work(const Translator& translate, gpu::TopWork& work) {
  translate(work.logits, work.total);
  translate(work.boxes, 4 * std::size_t{work.total / work.classes});
  translate(work.counters, 1);
  translate(work.keys, work.total);
  translate(work.entries, work.limit);
}

void translate_taps(const Translator& translate, gpu::MaskTaps& taps, std::int32_t length) {
  const auto count = static_cast<std::size_t>(length);
  translate(taps.first, count);
  translate(taps.count, count);
  translate(taps.weights, area(length, taps.stride));
}

void translate_work(const Translator& translate, gpu::MaskWork& work) {
  translate(work.prototypes, std::size_t{work.channels} * work.plane);
  translate(work.windows, work.masks);
  translate(work.coefficients, std::size_t{work.masks} * work.channels);
  std::size_t cells = 0;
  std::size_t columns = 0;
  std::int32_t right = 0;
  std::int32_t bottom = 0;
  for (std::uint32_t i = 0; i < work.masks; ++i) {
    const gpu::MaskWindow& window = work.windows[i];
    cells += area(window.cell_width, window.cell_height);
    columns += static_cast<std::size_t>(window.width);
    right = window.x + window.width > right ? window.x + window.width : right;
    bottom = window.y + window.height > bottom ? window.y + window.height : bottom;
  }
  translate_taps(translate, work.columns, right);
  translate_taps(translate, work.rows, bottom);
  translate(work.cells, cells);
  translate(work.column_flips, columns);
  translate(work.used, 1);
  translate(work.answers, work.masks);
  translate(work.flips, work.room);
}

template <typename Work>
Work read_work(StandInDriver& driver, const HostLaunch& launch) {
  Work work = *static_cast<const Work*>(launch.parameters[0]);
  translate_work(Translator(driver), work);
  return work;
}

/// A kernel of independent threads: `body(work, x, y)`.
template <typename Work, typename Body>
void register_threads(StandInDriver& driver, const char* name, Body body) {
  driver.register_kernel(name, {sizeof(Work)}, [&driver, body](const HostLaunch& launch) {
    const auto work = read_work<Work>(driver, launch);
    const unsigned width = launch.grid[0] * launch.block[0];
    const unsigned height = launch.grid[1] * launch.block[1];
    for (unsigned y = 0; y < height; ++y) {
      for (unsigned x = 0; x < width; ++x) body(work, x, y);
    }
  });
}

template <typename Work>
void register_row(StandInDriver& driver, const char* name, void (*body)(const Work&, std::uint32_t)) {
  register_threads<Work>(driver, name, [body](const Work& work, unsigned x, unsigned) { body(work, x); });
}

/// A kernel of blocks: `body(block, work, index, shared)`.
template <typename Work, typename Shared, typename Body>
void register_blocks(StandInDriver& driver, const char* name, Body body) {
  driver.register_kernel(name, {sizeof(Work)}, [&driver, body](const HostLaunch& launch) {
    const auto work = read_work<Work>(driver, launch);
    const auto shared = std::make_unique<Shared>();
    for (unsigned index = 0; index < launch.grid[0]; ++index) body(gpu::Block(), work, index, *shared);
  });
}

}  // namespace

void register_vision_kernels(StandInDriver& driver) {
  register_threads<gpu::LinearWork>(driver, "inference_exp_preprocess_linear", gpu::preprocess_linear);
  register_threads<gpu::PillowWork>(driver, "inference_exp_preprocess_pillow", gpu::preprocess_pillow);
  register_row<gpu::GridWork>(driver, "inference_exp_select_candidates", gpu::select_candidate);
  register_row<gpu::GridWork>(driver, "inference_exp_rank_candidates", gpu::rank_candidate);
  register_row<gpu::TopWork>(driver, "inference_exp_collect_logits", gpu::collect_logit);
  register_row<gpu::TopWork>(driver, "inference_exp_rank_logits", gpu::rank_logit);
  register_threads<gpu::MaskWork>(driver, "inference_exp_combine_mask_cells", gpu::combine_mask_cell);
  register_blocks<gpu::GridWork, gpu::SuppressShared>(
      driver, "inference_exp_suppress_candidates",
      [](const gpu::Block& block, const gpu::GridWork& work, std::uint32_t, gpu::SuppressShared& shared) {
        gpu::suppress_candidates(block, work, shared);
      });
  register_blocks<gpu::MaskWork, gpu::MaskShared>(driver, "inference_exp_find_mask_flips", gpu::find_mask_flips);
}

}  // namespace inference_exp::test
