#include "vision/cuda/resize_tables.hpp"

#include <cstring>
#include <numeric>

#include "vision/cuda/device_pointer.hpp"

namespace inference_exp::vision::gpu {

namespace {

void build_linear_taps(std::int32_t source, std::int32_t target, EdgeRule rule, std::vector<LinearTap>& taps) {
  LinearAxis axis;
  build_linear_axis(source, target, rule, axis);
  taps.resize(static_cast<std::size_t>(target));
  for (std::size_t d = 0; d < taps.size(); ++d) {
    // A pixel without weight is not read, so that its row need not be there.
    const std::int32_t second = axis.weight[1][d] == 0 ? axis.first[d] : axis.second[d];
    taps[d] = {axis.first[d], second, axis.weight[0][d], axis.weight[1][d]};
  }
}

std::size_t triangle_bytes(const TriangleAxis& axis) {
  return axis.first.size() * sizeof(TriangleTap) + axis.fixed.size() * sizeof(std::int32_t);
}

std::byte* write_triangle(const TriangleAxis& axis, std::byte* destination) {
  for (std::size_t d = 0; d < axis.first.size(); ++d) {
    const TriangleTap tap{axis.first[d], axis.count[d]};
    std::memcpy(destination + d * sizeof(tap), &tap, sizeof(tap));
  }
  destination += axis.first.size() * sizeof(TriangleTap);
  std::memcpy(destination, axis.fixed.data(), axis.fixed.size() * sizeof(std::int32_t));
  return destination + axis.fixed.size() * sizeof(std::int32_t);
}

TriangleTaps triangle_at(const TriangleAxis& axis, cuda::DevicePointer address) {
  return {device_pointer<const TriangleTap>(address),
          device_pointer<const std::int32_t>(address + axis.first.size() * sizeof(TriangleTap)), axis.taps};
}

}  // namespace

bool ResizeTables::prepare(const ResizeGeometry& geometry) {
  if (geometry == geometry_) return false;
  invalidate();  // stays so if memory runs out below
  if (geometry.resampling == Resampling::pillow_bilinear) {
    prepare_triangle(geometry);
  } else {
    prepare_linear(geometry);
  }
  geometry_ = geometry;
  return true;
}

void ResizeTables::prepare_linear(const ResizeGeometry& geometry) {
  build_linear_taps(geometry.source.width, geometry.target.width, EdgeRule::drop_fraction, linear_columns_);
  build_linear_taps(geometry.source.height, geometry.target.height, EdgeRule::clamp_indices, linear_rows_);
  keep_used_rows(geometry.source.height);
  bytes_ = (linear_columns_.size() + linear_rows_.size()) * sizeof(LinearTap);
}

void ResizeTables::prepare_triangle(const ResizeGeometry& geometry) {
  build_triangle_axis(geometry.source.width, geometry.target.width, column_axis_);
  build_triangle_axis(geometry.source.height, geometry.target.height, row_axis_);
  used_rows_.resize(static_cast<std::size_t>(geometry.source.height));
  std::iota(used_rows_.begin(), used_rows_.end(), 0);
  bytes_ = triangle_bytes(column_axis_) + triangle_bytes(row_axis_);
}

// A picture that shrinks a lot leaves most of its rows unread: they are not sent.
void ResizeTables::keep_used_rows(std::int32_t source_rows) {
  std::vector<std::int32_t> place(static_cast<std::size_t>(source_rows), -1);
  for (const LinearTap& tap : linear_rows_) {
    place[static_cast<std::size_t>(tap.first)] = 0;
    place[static_cast<std::size_t>(tap.second)] = 0;
  }
  used_rows_.clear();
  for (std::int32_t row = 0; row < source_rows; ++row) {
    std::int32_t& at = place[static_cast<std::size_t>(row)];
    if (at < 0) continue;
    at = static_cast<std::int32_t>(used_rows_.size());
    used_rows_.push_back(row);
  }
  for (LinearTap& tap : linear_rows_) {
    tap.first = place[static_cast<std::size_t>(tap.first)];
    tap.second = place[static_cast<std::size_t>(tap.second)];
  }
}

void ResizeTables::write(std::byte* destination) const {
  if (geometry_.resampling == Resampling::pillow_bilinear) {
    write_triangle(row_axis_, write_triangle(column_axis_, destination));
    return;
  }
  std::memcpy(destination, linear_columns_.data(), linear_columns_.size() * sizeof(LinearTap));
  destination += linear_columns_.size() * sizeof(LinearTap);
  std::memcpy(destination, linear_rows_.data(), linear_rows_.size() * sizeof(LinearTap));
}

const LinearTap* ResizeTables::linear_columns(cuda::DevicePointer address) const noexcept {
  return device_pointer<const LinearTap>(address);
}

const LinearTap* ResizeTables::linear_rows(cuda::DevicePointer address) const noexcept {
  return device_pointer<const LinearTap>(address + linear_columns_.size() * sizeof(LinearTap));
}

TriangleTaps ResizeTables::triangle_columns(cuda::DevicePointer address) const noexcept {
  return triangle_at(column_axis_, address);
}

TriangleTaps ResizeTables::triangle_rows(cuda::DevicePointer address) const noexcept {
  return triangle_at(row_axis_, address + triangle_bytes(column_axis_));
}

}  // namespace inference_exp::vision::gpu
