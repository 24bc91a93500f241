#include "vision/preprocess_kernels.hpp"

#include <algorithm>
#include <cstring>

#include "vision/preprocess_kernels_plain.hpp"

// The kernels keep vectors in structs, which instruction sets with vectors of unknown length don't allow.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vision/preprocess_kernels.cpp"
#include <hwy/foreach_target.h>  // compiles the part below once per instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace inference_exp::vision::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

using plain::average_rows_kernel;
using plain::blend_columns_kernel;
using plain::blend_rows_kernel;
using plain::copy_row_kernel;
using plain::filter_columns_kernel;
using plain::filter_rows_kernel;
using plain::scale_all_bytes_kernel;
using plain::sum_columns_kernel;

#else

namespace hn = hwy::HWY_NAMESPACE;

using U16 = hn::ScalableTag<std::uint16_t>;
using I16 = hn::ScalableTag<std::int16_t>;
using U32 = hn::ScalableTag<std::uint32_t>;
using I32 = hn::ScalableTag<std::int32_t>;
using U64 = hn::ScalableTag<std::uint64_t>;
using I64 = hn::ScalableTag<std::int64_t>;
using F32 = hn::ScalableTag<float>;
using VecU32 = hn::Vec<U32>;
using VecI32 = hn::Vec<I32>;
using VecI16 = hn::Vec<I16>;
using VecF32 = hn::Vec<F32>;

// Only AVX2 and later gather in hardware; elsewhere the lanes are loaded one by one, without alignment.
constexpr bool kGathers = HWY_TARGET <= HWY_AVX2;

template <typename D>
HWY_INLINE hn::Vec<D> gather(D d, const std::uint8_t* base, const std::int32_t* offsets) {
  using T = hn::TFromD<D>;
  if constexpr (kGathers && sizeof(T) == 4) {
    return hn::GatherOffset(d, reinterpret_cast<const T*>(base), hn::LoadU(I32(), offsets));
  } else if constexpr (kGathers) {
    const auto wide = hn::PromoteTo(I64(), hn::LoadU(hn::Rebind<std::int32_t, D>(), offsets));
    return hn::GatherOffset(d, reinterpret_cast<const T*>(base), wide);
  } else {
    HWY_ALIGN std::array<T, hn::MaxLanes(d)> lanes;
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) std::memcpy(&lanes[i], base + offsets[i], sizeof(T));
    return hn::Load(d, lanes.data());
  }
}

// The pixels at the offsets and their right neighbours, one pixel per 32-bit lane.
struct PixelPair {
  VecU32 left;
  VecU32 right;
};

template <int kChannels>
HWY_INLINE PixelPair load_pairs(const std::uint8_t* row, const std::int32_t* offsets) {
  const U64 d64;
  const U32 d32;
  const auto low = gather(d64, row, offsets);
  const auto high = gather(d64, row, offsets + hn::Lanes(d64));
  return {hn::ConcatEven(d32, hn::BitCast(d32, high), hn::BitCast(d32, low)),
          hn::ConcatEven(d32, hn::BitCast(d32, hn::ShiftRight<8 * kChannels>(high)),
                         hn::BitCast(d32, hn::ShiftRight<8 * kChannels>(low)))};
}

// Channels 0 and 2 of each pixel as 16-bit numbers, and channel 1. A gray pixel has its only channel in the latter.
HWY_INLINE VecI16 outer_channels(VecU32 pixels) {
  return hn::BitCast(I16(), hn::And(pixels, hn::Set(U32(), 0x00FF00FFU)));
}
template <int kChannels>
HWY_INLINE VecI16 middle_channel(VecU32 pixels) {
  const VecU32 shifted = kChannels == 1 ? pixels : hn::ShiftRight<8>(pixels);
  return hn::BitCast(I16(), hn::And(shifted, hn::Set(U32(), 0xFFU)));
}

// ((2048 - weight) * left + weight * right) >> 4, from 16-bit products.
struct Blend {
  HWY_INLINE VecI16 operator()(VecI16 left, VecI16 right, const std::uint32_t* weights) const {
    const VecI16 weight = hn::BitCast(I16(), hn::LoadU(U32(), weights));
    const VecI16 step = hn::Sub(right, left);
    const VecI16 high = hn::ShiftLeft<12>(hn::MulHigh(step, weight));
    const auto low = hn::ShiftRight<4>(hn::BitCast(U16(), hn::Mul(step, weight)));
    return hn::Add(hn::ShiftLeft<7>(left), hn::Or(high, hn::BitCast(I16(), low)));
  }
};

struct Sum {
  HWY_INLINE VecI16 operator()(VecI16 left, VecI16 right, const std::uint32_t* /*weights*/) const {
    return hn::Add(left, right);
  }
};

template <int kChannels, typename Mix>
HWY_INLINE void mix_columns(const std::uint8_t* row, const ColumnTable& table, const Mix& mix, BlendedRow& result) {
  const U32 d;
  for (std::size_t x = 0; x < table.vector_width; x += hn::Lanes(d)) {
    const PixelPair pair = load_pairs<kChannels>(row, table.offset.data() + x);
    const std::uint32_t* weights = table.weight.data() + x;
    const VecI16 middle = mix(middle_channel<kChannels>(pair.left), middle_channel<kChannels>(pair.right), weights);
    hn::StoreU(hn::BitCast(d, middle), d, result.middle.data() + x);
    if constexpr (kChannels != 1) {
      const VecI16 outer = mix(outer_channels(pair.left), outer_channels(pair.right), weights);
      hn::StoreU(hn::BitCast(d, outer), d, result.outer.data() + x);
    }
  }
}

template <typename Mix>
HWY_INLINE void mix_columns(const std::uint8_t* row, const ColumnTable& table, const Mix& mix, BlendedRow& result) {
  if (table.channels == 1) return mix_columns<1>(row, table, mix, result);
  if (table.channels == 3) return mix_columns<3>(row, table, mix, result);
  return mix_columns<4>(row, table, mix, result);
}

void blend_columns_kernel(const std::uint8_t* row, const ColumnTable& table, BlendedRow& result) {
  mix_columns(row, table, Blend(), result);
}

void sum_columns_kernel(const std::uint8_t* row, const ColumnTable& table, BlendedRow& result) {
  mix_columns(row, table, Sum(), result);
}

// value / divisor: a product with the reciprocal, corrected by what it misses.
struct Division {
  VecF32 divisor;
  VecF32 reciprocal;

  HWY_INLINE VecF32 operator()(VecF32 value) const {
    const VecF32 quotient = hn::Mul(value, reciprocal);
    return hn::MulAdd(hn::NegMulAdd(quotient, divisor, value), reciprocal, quotient);
  }
};

// One channel's scaling, kept in registers over a row.
template <ScaleKind kKind>
struct Scale {
  Division scaling;
  VecF32 mean;
  Division normalization;
  const float* table;

  static HWY_INLINE Scale of(const ChannelScale& channel) {
    const F32 d;
    return {{hn::Set(d, channel.divisor), hn::Set(d, channel.divisor_reciprocal)},
            hn::Set(d, channel.mean),
            {hn::Set(d, channel.std), hn::Set(d, channel.std_reciprocal)},
            channel.table.data()};
  }

  HWY_INLINE VecF32 operator()(VecU32 bytes) const {
    const VecI32 values = hn::BitCast(I32(), bytes);
    if constexpr (kKind == ScaleKind::table) return hn::GatherIndex(F32(), table, values);
    const VecF32 plain = hn::ConvertTo(F32(), values);
    if constexpr (kKind == ScaleKind::identity) return plain;
    const VecF32 scaled = scaling(plain);
    if constexpr (kKind == ScaleKind::divide) return scaled;
    return normalization(hn::Sub(scaled, mean));
  }
};

HWY_INLINE void store(VecF32 values, float* plane, std::size_t x, std::size_t width) {
  const F32 d;
  const std::size_t lanes = hn::Lanes(d);
  if (x + lanes <= width) {
    hn::StoreU(values, d, plane + x);
    return;
  }
  HWY_ALIGN std::array<float, hn::MaxLanes(d)> rest;
  hn::Store(values, d, rest.data());
  std::copy_n(rest.data(), width - x, plane + x);
}

// The three channels of a group of pixels, one byte value per 32-bit lane.
struct Channels {
  VecU32 first;
  VecU32 second;
  VecU32 third;
};

HWY_INLINE Channels split(VecU32 outer, VecU32 middle) {
  const VecU32 low = hn::Set(U32(), 0xFFFFU);
  return {hn::And(outer, low), hn::And(middle, low), hn::ShiftRight<16>(outer)};
}

HWY_INLINE Channels split_bytes(VecU32 pixels) {
  const VecU32 low = hn::Set(U32(), 0xFFU);
  return {hn::And(pixels, low), hn::And(hn::ShiftRight<8>(pixels), low), hn::And(hn::ShiftRight<16>(pixels), low)};
}

HWY_INLINE Channels replicate(VecU32 gray) { return {gray, gray, gray}; }

// Writes rows group by group; `produce(x)` gives the channels of the pixels from x on.
template <ScaleKind kKind, typename Produce>
HWY_INLINE void write_row_as(const RowTarget& target, std::size_t width, const Produce& produce) {
  const std::array<float*, 3> planes = target.planes;
  const std::size_t end = target.width;
  const auto first = Scale<kKind>::of(*target.scales[0]);
  const auto second = Scale<kKind>::of(*target.scales[1]);
  const auto third = Scale<kKind>::of(*target.scales[2]);
  for (std::size_t x = 0; x < width; x += hn::Lanes(U32())) {
    const Channels channels = produce(x);
    store(first(channels.first), planes[0], x, end);
    store(second(channels.second), planes[1], x, end);
    store(third(channels.third), planes[2], x, end);
  }
}

template <typename Produce>
HWY_INLINE void write_row(const RowTarget& target, std::size_t width, const Produce& produce) {
  switch (target.kind) {
    case ScaleKind::identity:
      return write_row_as<ScaleKind::identity>(target, width, produce);
    case ScaleKind::divide:
      return write_row_as<ScaleKind::divide>(target, width, produce);
    case ScaleKind::divide_and_normalize:
      return write_row_as<ScaleKind::divide_and_normalize>(target, width, produce);
    case ScaleKind::table:
      return write_row_as<ScaleKind::table>(target, width, produce);
  }
}

void copy_row_kernel(const std::uint8_t* row, const ColumnTable& table, const RowTarget& target) {
  const std::int32_t* offsets = table.offset.data();
  if (target.gray) {
    return write_row(target, table.vector_width, [&](std::size_t x) HWY_ATTR {
      return replicate(hn::And(gather(U32(), row, offsets + x), hn::Set(U32(), 0xFFU)));
    });
  }
  write_row(target, table.vector_width,
            [&](std::size_t x) HWY_ATTR { return split_bytes(gather(U32(), row, offsets + x)); });
}

template <typename Mix>
HWY_INLINE void mix_rows(const BlendedRow& top, const BlendedRow& bottom, const RowTarget& target, const Mix& mix) {
  const U32 d;
  const auto mixed = [&](const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b,
                         std::size_t x) HWY_ATTR {
    const I16 d16;
    return hn::BitCast(d,
                       mix(hn::BitCast(d16, hn::LoadU(d, a.data() + x)), hn::BitCast(d16, hn::LoadU(d, b.data() + x))));
  };
  if (target.gray) {
    return write_row(target, target.width,
                     [&](std::size_t x) HWY_ATTR { return replicate(mixed(top.middle, bottom.middle, x)); });
  }
  write_row(target, target.width, [&](std::size_t x) HWY_ATTR {
    return split(mixed(top.outer, bottom.outer, x), mixed(top.middle, bottom.middle, x));
  });
}

void blend_rows_kernel(const BlendedRow& top, const BlendedRow& bottom, std::array<std::int16_t, 2> weights,
                       const RowTarget& target) {
  const I16 d;
  const VecI16 top_weight = hn::Set(d, weights[0]);
  const VecI16 bottom_weight = hn::Set(d, weights[1]);
  mix_rows(top, bottom, target, [&](VecI16 a, VecI16 b) HWY_ATTR {
    const VecI16 sum = hn::Add(hn::MulHigh(a, top_weight), hn::MulHigh(b, bottom_weight));
    return hn::ShiftRight<2>(hn::Add(sum, hn::Set(d, 2)));
  });
}

void average_rows_kernel(const BlendedRow& top, const BlendedRow& bottom, const RowTarget& target) {
  mix_rows(top, bottom, target,
           [](VecI16 a, VecI16 b) HWY_ATTR { return hn::ShiftRight<2>(hn::Add(hn::Add(a, b), hn::Set(I16(), 2))); });
}

// Three weighted sums in Pillow's fixed point.
struct TriangleSum {
  VecI32 first;
  VecI32 second;
  VecI32 third;

  static HWY_INLINE TriangleSum start() {
    const VecI32 half = hn::Set(I32(), 1 << (kTriangleBits - 1));
    return {half, half, half};
  }

  HWY_INLINE void add(VecU32 pixels, VecI32 weight) {
    const I32 d;
    const Channels channels = split_bytes(pixels);
    first = hn::Add(first, hn::Mul(hn::BitCast(d, channels.first), weight));
    second = hn::Add(second, hn::Mul(hn::BitCast(d, channels.second), weight));
    third = hn::Add(third, hn::Mul(hn::BitCast(d, channels.third), weight));
  }

  [[nodiscard]] HWY_INLINE Channels result() const {
    const auto finish = [](VecI32 sum) HWY_ATTR {
      return hn::BitCast(U32(), hn::Min(hn::ShiftRight<kTriangleBits>(sum), hn::Set(I32(), 255)));
    };
    return {finish(first), finish(second), finish(third)};
  }
};

void filter_columns_kernel(const std::uint8_t* row, const TriangleColumns& columns, std::span<std::uint32_t> result) {
  const U32 d;
  const I32 di;
  const std::size_t stride = padded(columns.width);
  for (std::size_t x = 0; x < columns.width; x += hn::Lanes(d)) {
    TriangleSum sum = TriangleSum::start();
    for (std::int32_t tap = 0; tap < columns.taps; ++tap) {
      const VecU32 pixels = gather(d, row + std::ptrdiff_t{tap} * columns.channels, columns.offset.data() + x);
      sum.add(pixels, hn::LoadU(di, columns.weight.data() + static_cast<std::size_t>(tap) * stride + x));
    }
    const Channels channels = sum.result();
    const VecU32 packed =
        hn::Or(channels.first, hn::Or(hn::ShiftLeft<8>(channels.second), hn::ShiftLeft<16>(channels.third)));
    hn::StoreU(packed, d, result.data() + x);
  }
}

void filter_rows_kernel(std::span<const std::uint32_t* const> rows, std::span<const std::int32_t> weights,
                        const RowTarget& target) {
  write_row(target, target.width, [&](std::size_t x) HWY_ATTR {
    TriangleSum sum = TriangleSum::start();
    for (std::size_t tap = 0; tap < rows.size(); ++tap) {
      sum.add(hn::LoadU(U32(), rows[tap] + x), hn::Set(I32(), weights[tap]));
    }
    const Channels channels = sum.result();
    return target.gray ? replicate(channels.first) : channels;
  });
}

void scale_all_bytes_kernel(const ChannelScale& channel, ScaleKind kind, std::span<float, 256> result) {
  HWY_ALIGN std::array<float, 256> unused;
  const RowTarget target{
      {result.data(), unused.data(), unused.data()}, {&channel, &channel, &channel}, kind, 256, true};
  write_row(target, target.width,
            [](std::size_t x) HWY_ATTR { return replicate(hn::Iota(U32(), static_cast<std::uint32_t>(x))); });
}

#endif  // HWY_SCALAR

bool is_vector() { return HWY_TARGET != HWY_SCALAR; }
const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace inference_exp::vision::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace inference_exp::vision {

HWY_EXPORT(blend_columns_kernel);
HWY_EXPORT(sum_columns_kernel);
HWY_EXPORT(copy_row_kernel);
HWY_EXPORT(blend_rows_kernel);
HWY_EXPORT(average_rows_kernel);
HWY_EXPORT(filter_columns_kernel);
HWY_EXPORT(filter_rows_kernel);
HWY_EXPORT(scale_all_bytes_kernel);
HWY_EXPORT(is_vector);
HWY_EXPORT(target_name);

namespace {

// The columns that the vector loop must not read, one by one. `mix(left, right, column)` gives a 16-bit value.
template <typename Mix>
void mix_scalar_columns(const std::uint8_t* row, const ColumnTable& table, const Mix& mix, BlendedRow& result) {
  for (const std::uint32_t x : table.scalar) {
    const std::uint8_t* left = row + std::ptrdiff_t{table.axis.first[x]} * table.channels;
    const std::uint8_t* right = row + std::ptrdiff_t{table.axis.second[x]} * table.channels;
    if (table.channels == 1) {
      result.middle[x] = mix(left[0], right[0], x);
    } else {
      result.middle[x] = mix(left[1], right[1], x);
      result.outer[x] = mix(left[0], right[0], x) | mix(left[2], right[2], x) << 16;
    }
  }
}

}  // namespace

void blend_columns(const std::uint8_t* row, const ColumnTable& table, BlendedRow& result) {
  HWY_DYNAMIC_DISPATCH(blend_columns_kernel)(row, table, result);
  const auto mix = [&](int left, int right, std::size_t x) {
    return static_cast<std::uint32_t>((table.axis.weight[0][x] * left + table.axis.weight[1][x] * right) >> 4);
  };
  mix_scalar_columns(row, table, mix, result);
}

void sum_columns(const std::uint8_t* row, const ColumnTable& table, BlendedRow& result) {
  HWY_DYNAMIC_DISPATCH(sum_columns_kernel)(row, table, result);
  const auto mix = [](int left, int right, std::size_t) { return static_cast<std::uint32_t>(left + right); };
  mix_scalar_columns(row, table, mix, result);
}

void copy_row(const std::uint8_t* row, const ColumnTable& table, const RowTarget& target) {
  HWY_DYNAMIC_DISPATCH(copy_row_kernel)(row, table, target);
  for (const std::uint32_t x : table.scalar) {
    const std::uint8_t* pixel = row + std::ptrdiff_t{table.axis.first[x]} * table.channels;
    for (std::size_t c = 0; c < 3; ++c) target.planes[c][x] = target.scales[c]->table[pixel[target.gray ? 0 : c]];
  }
}

void blend_rows(const BlendedRow& top, const BlendedRow& bottom, std::array<std::int16_t, 2> weights,
                const RowTarget& target) {
  HWY_DYNAMIC_DISPATCH(blend_rows_kernel)(top, bottom, weights, target);
}

void average_rows(const BlendedRow& top, const BlendedRow& bottom, const RowTarget& target) {
  HWY_DYNAMIC_DISPATCH(average_rows_kernel)(top, bottom, target);
}

void filter_columns(const std::uint8_t* row, const TriangleColumns& columns, std::span<std::uint32_t> result) {
  HWY_DYNAMIC_DISPATCH(filter_columns_kernel)(row, columns, result);
}

void filter_rows(std::span<const std::uint32_t* const> rows, std::span<const std::int32_t> weights,
                 const RowTarget& target) {
  HWY_DYNAMIC_DISPATCH(filter_rows_kernel)(rows, weights, target);
}

void scale_all_bytes(const ChannelScale& channel, ScaleKind kind, std::span<float, 256> result) {
  HWY_DYNAMIC_DISPATCH(scale_all_bytes_kernel)(channel, kind, result);
}

bool kernels_use_vectors() noexcept { return HWY_DYNAMIC_DISPATCH(is_vector)(); }

std::string_view kernel_target() noexcept { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace inference_exp::vision

#endif  // HWY_ONCE
