#include "vision/float_path.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "vision/pixel_steps.hpp"
#include "vision/resize_taps.hpp"

namespace inference_exp::vision {

namespace {

// The linear filter, written as weights per tap.
void build_two_tap_axis(std::int32_t source, std::int32_t target, EdgeRule rule, TriangleAxis& axis) {
  LinearAxis linear;
  build_linear_axis(source, target, rule, linear);
  axis.taps = 2;
  axis.first = linear.first;
  axis.count.assign(linear.first.size(), 1);
  axis.weights.assign(linear.first.size() * 2, 0.0);
  for (std::size_t d = 0; d < linear.first.size(); ++d) {
    axis.weights[2 * d] = 1.0;
    if (linear.first[d] == linear.second[d] || linear.fraction[d] == 0) continue;
    axis.count[d] = 2;
    axis.weights[2 * d] = static_cast<double>(1.0F - linear.fraction[d]);
    axis.weights[2 * d + 1] = static_cast<double>(linear.fraction[d]);
  }
}

// torch's weights; a part of the axis.
void build_antialias_axis(std::int32_t source, std::int32_t resized, AntialiasFilter kernel, std::int32_t begin,
                          std::int32_t length, TriangleAxis& axis) {
  ResizeTaps taps;
  taps.build(source, resized, kernel, begin, length);
  axis.taps = static_cast<std::int32_t>(taps.stride);
  axis.first = std::move(taps.first);
  axis.count = std::move(taps.count);
  axis.weights.assign(taps.weights.begin(), taps.weights.end());
}

void build_axis(std::int32_t source, std::int32_t target, EdgeRule rule, Resampling resampling, TriangleAxis& axis) {
  if (resampling == Resampling::pillow_bilinear) {
    build_triangle_axis(source, target, axis);
  } else {
    build_two_tap_axis(source, target, rule, axis);
  }
}

}  // namespace

void FloatPath::prepare(Size source, const Canvas& canvas, std::int32_t channels, Resampling resampling) {
  const Size resized = canvas.resized();
  const Rect kept = canvas.kept();
  if (source == source_ && resized == resized_ && kept == kept_ && channels == channels_ && resampling == resampling_) {
    return;
  }
  source_ = {};  // stays so if memory runs out below
  if (const auto kernel = torch_filter(resampling)) {
    build_antialias_axis(source.width, resized.width, *kernel, kept.x, kept.width, columns_);
    build_antialias_axis(source.height, resized.height, *kernel, kept.y, kept.height, rows_);
  } else {
    build_axis(source.width, resized.width, EdgeRule::drop_fraction, resampling, columns_);
    build_axis(source.height, resized.height, EdgeRule::clamp_indices, resampling, rows_);
  }
  ring_.assign(static_cast<std::size_t>(rows_.taps) * static_cast<std::size_t>(kept.width) *
                   static_cast<std::size_t>(std::min(channels, 3)),
               0.0F);
  source_ = source;
  resized_ = resized;
  kept_ = kept;
  channels_ = channels;
  resampling_ = resampling;
}

std::span<float> FloatPath::ring_row(std::int32_t row) {
  const std::size_t stride = ring_.size() / static_cast<std::size_t>(rows_.taps);
  return std::span(ring_).subspan(static_cast<std::size_t>(row % rows_.taps) * stride, stride);
}

void FloatPath::filter_row(const ImageView& image, std::int32_t row) {
  const auto* pixels = reinterpret_cast<const float*>(image.data + row * image.row_stride);
  const std::int32_t kept = std::min(channels_, 3);
  float* out = ring_row(row).data();
  for (std::size_t x = 0; x < columns_.first.size(); ++x) {
    const double* weights = columns_.weights.data() + x * static_cast<std::size_t>(columns_.taps);
    for (std::int32_t c = 0; c < kept; ++c) {
      const float* tap = pixels + std::ptrdiff_t{columns_.first[x]} * channels_ + c;
      double sum = 0;
      for (std::int32_t j = 0; j < columns_.count[x]; ++j, tap += channels_)
        sum += weights[j] * static_cast<double>(*tap);
      *out++ = static_cast<float>(sum);
    }
  }
}

void FloatPath::write_row(std::int32_t y, const Preprocessing& recipe, const Canvas& canvas) {
  const auto d = static_cast<std::size_t>(y);
  const auto kept = static_cast<std::size_t>(std::min(channels_, 3));
  const double* weights = rows_.weights.data() + d * static_cast<std::size_t>(rows_.taps);
  const RowTarget target = canvas.row(y);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t x = 0; x < target.width; ++x) {
      double sum = 0;
      for (std::int32_t j = 0; j < rows_.count[d]; ++j) {
        sum += weights[j] * static_cast<double>(ring_row(rows_.first[d] + j)[x * kept + (kept == 1 ? 0 : c)]);
      }
      target.planes[c][x] = normalize(static_cast<float>(sum), recipe, canvas.plane_of(c));
    }
  }
}

void FloatPath::run(const ImageView& image, const Preprocessing& recipe, const Canvas& canvas) {
  prepare(image.size, canvas, channel_count(image.format), recipe.resampling);
  std::int32_t next = 0;  // the first source row that is not filtered yet
  for (std::int32_t y = 0; y < kept_.height; ++y) {
    const auto d = static_cast<std::size_t>(y);
    const std::int32_t end = rows_.first[d] + rows_.count[d];
    for (next = std::max(next, rows_.first[d]); next < end; ++next) filter_row(image, next);
    write_row(y, recipe, canvas);
  }
}

}  // namespace inference_exp::vision
