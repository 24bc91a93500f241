// The tables that a resize on the device reads, made by the same code that makes the CPU's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/preprocessing.hpp"
#include "cuda/driver.hpp"
#include "vision/cuda/preprocess_kernels.hpp"
#include "vision/resample_axis.hpp"

namespace inference_exp::vision::gpu {

/// What the tables depend on.
struct ResizeGeometry {
  Size source;
  Size target;
  Resampling resampling = Resampling::opencv_linear;
  friend bool operator==(const ResizeGeometry&, const ResizeGeometry&) = default;
};

/// The tables of both axes as one run of bytes, and the source rows that they refer to.
class ResizeTables {
 public:
  /// Does nothing when they are for this geometry already. Returns whether they changed.
  bool prepare(const ResizeGeometry& geometry);
  /// What comes next is prepared anew.
  void invalidate() noexcept { geometry_ = {}; }

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  void write(std::byte* destination) const;

  /// Source rows that contribute, rising. The tables count in these: row 1 of the device's picture is used_rows()[1].
  [[nodiscard]] const std::vector<std::int32_t>& used_rows() const noexcept { return used_rows_; }

  // The tables in a copy of the bytes at `address`; of the resampling prepared.
  [[nodiscard]] const LinearTap* linear_columns(cuda::DevicePointer address) const noexcept;
  [[nodiscard]] const LinearTap* linear_rows(cuda::DevicePointer address) const noexcept;
  [[nodiscard]] TriangleTaps triangle_columns(cuda::DevicePointer address) const noexcept;
  [[nodiscard]] TriangleTaps triangle_rows(cuda::DevicePointer address) const noexcept;

 private:
  void prepare_linear(const ResizeGeometry& geometry);
  void prepare_triangle(const ResizeGeometry& geometry);
  void keep_used_rows(std::int32_t source_rows);

  ResizeGeometry geometry_;
  std::size_t bytes_ = 0;
  std::vector<LinearTap> linear_columns_, linear_rows_;
  TriangleAxis column_axis_, row_axis_;
  std::vector<std::int32_t> used_rows_;
};

}  // namespace inference_exp::vision::gpu
