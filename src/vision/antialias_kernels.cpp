#include "vision/antialias_kernels.hpp"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vision/antialias_kernels.cpp"  // NOLINT
#include "hwy/foreach_target.h"                            // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace inference_exp::vision {  // NOLINT(modernize-concat-nested-namespaces)
namespace HWY_NAMESPACE {          // NOLINT
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using BlockTag = hn::CappedTag<float, kBlockFloats>;
using RowArray = std::array<const std::uint8_t*, kBlockRows>;

#if HWY_TARGET != HWY_SCALAR

// Bytes of one pixel's four rows to floats.
HWY_INLINE void store_as_floats(const std::uint8_t* HWY_RESTRICT bytes, float* HWY_RESTRICT block) {
  const BlockTag d;
  const hn::Rebind<std::uint8_t, BlockTag> du8;
  const hn::RebindToSigned<BlockTag> di;
  for (std::size_t i = 0; i < kBlockFloats; i += hn::Lanes(d)) {
    hn::StoreU(hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(du8, bytes + i))), d, block + i);
  }
}

// Four pixels of four rows at a time, as long as 16 bytes can be read. Returns the pixels done.
template <int kChannels>
HWY_INLINE std::size_t expand_groups(const RowArray& rows, std::size_t pixels, float* HWY_RESTRICT block) {
  const hn::FixedTag<std::uint8_t, 16> d8;
  const hn::FixedTag<std::uint32_t, 4> d32;
  const hn::FixedTag<std::uint64_t, 2> d64;
  constexpr std::size_t kStep = kChannels;
  HWY_ALIGN std::array<std::uint8_t, 16> spread{};
  for (std::size_t i = 0; i < 16; ++i) {
    spread[i] = static_cast<std::uint8_t>(kStep * (i / 4) + (kStep == 1 ? 0 : kStep == 3 && i % 4 == 3 ? 0 : i % 4));
  }
  const auto order = hn::Load(d8, spread.data());
  const auto load = [&](std::size_t row, std::size_t x) HWY_ATTR {
    return hn::BitCast(d32, hn::TableLookupBytes(hn::LoadU(d8, rows[row] + x * kStep), order));
  };
  HWY_ALIGN std::array<std::uint8_t, 4 * kBlockFloats> turned;
  std::size_t x = 0;
  for (; x * kStep + 16 <= pixels * kStep; x += 4) {
    const auto row0 = load(0, x);
    const auto row1 = load(1, x);
    const auto row2 = load(2, x);
    const auto row3 = load(3, x);
    const auto low01 = hn::BitCast(d64, hn::InterleaveLower(d32, row0, row1));
    const auto low23 = hn::BitCast(d64, hn::InterleaveLower(d32, row2, row3));
    const auto high01 = hn::BitCast(d64, hn::InterleaveUpper(d32, row0, row1));
    const auto high23 = hn::BitCast(d64, hn::InterleaveUpper(d32, row2, row3));
    hn::Store(hn::BitCast(d8, hn::InterleaveLower(d64, low01, low23)), d8, turned.data());
    hn::Store(hn::BitCast(d8, hn::InterleaveUpper(d64, low01, low23)), d8, turned.data() + 16);
    hn::Store(hn::BitCast(d8, hn::InterleaveLower(d64, high01, high23)), d8, turned.data() + 32);
    hn::Store(hn::BitCast(d8, hn::InterleaveUpper(d64, high01, high23)), d8, turned.data() + 48);
    for (std::size_t i = 0; i < 4; ++i) {
      store_as_floats(turned.data() + i * kBlockFloats, block + (x + i) * kBlockFloats);
    }
  }
  return x;
}

#else

template <int kChannels>
std::size_t expand_groups(const RowArray& /*rows*/, std::size_t /*pixels*/, float* /*block*/) {
  return 0;
}

#endif

void expand_rows(const RowArray& rows, std::int32_t channels, std::size_t pixels, float* HWY_RESTRICT block) {
  std::size_t x = channels == 1   ? expand_groups<1>(rows, pixels, block)
                  : channels == 3 ? expand_groups<3>(rows, pixels, block)
                                  : expand_groups<4>(rows, pixels, block);
  for (; x < pixels; ++x) {
    for (std::size_t row = 0; row < kBlockRows; ++row) {
      const std::uint8_t* const pixel = rows[row] + x * static_cast<std::size_t>(channels);
      float* const spread = block + x * kBlockFloats + row * kBlockChannels;
      for (std::size_t c = 0; c < 3; ++c) spread[c] = static_cast<float>(pixel[channels == 1 ? 0 : c]);
    }
  }
}

// One vector of the sums of a group of output pixels; `pixels` and `sums` lie at the vector's place in the block.
HWY_INLINE void sum_group(const std::array<const float*, kBlockOutputs>& pixels, const float* HWY_RESTRICT weights,
                          std::size_t taps, float* HWY_RESTRICT sums) {
  const BlockTag d;
  const auto product = [&](std::size_t output, std::size_t tap) HWY_ATTR {
    return hn::Mul(hn::LoadU(d, pixels[output] + tap * kBlockFloats),
                   hn::Set(d, weights[tap * kBlockOutputs + output]));
  };
  auto sum0 = product(0, 0);
  auto sum1 = product(1, 0);
  auto sum2 = product(2, 0);
  auto sum3 = product(3, 0);
  for (std::size_t tap = 1; tap < taps; ++tap) {
    sum0 = hn::Add(sum0, product(0, tap));
    sum1 = hn::Add(sum1, product(1, tap));
    sum2 = hn::Add(sum2, product(2, tap));
    sum3 = hn::Add(sum3, product(3, tap));
  }
  hn::StoreU(sum0, d, sums);
  hn::StoreU(sum1, d, sums + kBlockFloats);
  hn::StoreU(sum2, d, sums + 2 * kBlockFloats);
  hn::StoreU(sum3, d, sums + 3 * kBlockFloats);
}

void filter_block(const float* HWY_RESTRICT block, const AntialiasColumns& columns, const AntialiasTile& tile,
                  const std::array<float*, kBlockRows>& rows) {
  const std::size_t lanes = hn::Lanes(BlockTag());
  const float* weights = columns.weights.data() + tile.first_output * columns.taps;
  HWY_ALIGN std::array<float, kBlockOutputs * kBlockFloats> sums;
  for (std::size_t x = tile.first_output; x < tile.first_output + tile.outputs; x += kBlockOutputs) {
    const std::size_t* const first = columns.first.data() + x;
    for (std::size_t part = 0; part < kBlockFloats; part += lanes) {
      const float* const start = block + part;
      sum_group({start + first[0] * kBlockFloats, start + first[1] * kBlockFloats, start + first[2] * kBlockFloats,
                 start + first[3] * kBlockFloats},
                weights, columns.taps, sums.data() + part);
    }
    for (std::size_t row = 0; row < kBlockRows; ++row) {
      for (std::size_t output = 0; output < kBlockOutputs; ++output) {
        std::memcpy(rows[row] + (x + output) * kBlockChannels,
                    sums.data() + output * kBlockFloats + row * kBlockChannels, kBlockChannels * sizeof(float));
      }
    }
    weights += kBlockOutputs * columns.taps;
  }
}

void weigh_rows(std::span<const float* const> rows, std::span<const float> weights, std::size_t count,
                std::uint8_t* HWY_RESTRICT bytes) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> di;
  const hn::Rebind<std::uint8_t, FloatTag> du8;
  const std::size_t lanes = hn::Lanes(d);
  const auto store = [&](hn::Vec<FloatTag> sum, std::size_t i) HWY_ATTR {
    const auto clamped = hn::Min(hn::Max(sum, hn::Zero(d)), hn::Set(d, 255.F));
    hn::StoreU(hn::DemoteTo(du8, hn::BitCast(di, hn::NearestInt(clamped))), du8, bytes + i);
  };
  for (std::size_t i = 0; i < count; i += 4 * lanes) {
    auto weight = hn::Set(d, weights[0]);
    auto sum0 = hn::Mul(hn::LoadU(d, rows[0] + i), weight);
    auto sum1 = hn::Mul(hn::LoadU(d, rows[0] + i + lanes), weight);
    auto sum2 = hn::Mul(hn::LoadU(d, rows[0] + i + 2 * lanes), weight);
    auto sum3 = hn::Mul(hn::LoadU(d, rows[0] + i + 3 * lanes), weight);
    for (std::size_t tap = 1; tap < rows.size(); ++tap) {
      weight = hn::Set(d, weights[tap]);
      sum0 = hn::Add(sum0, hn::Mul(hn::LoadU(d, rows[tap] + i), weight));
      sum1 = hn::Add(sum1, hn::Mul(hn::LoadU(d, rows[tap] + i + lanes), weight));
      sum2 = hn::Add(sum2, hn::Mul(hn::LoadU(d, rows[tap] + i + 2 * lanes), weight));
      sum3 = hn::Add(sum3, hn::Mul(hn::LoadU(d, rows[tap] + i + 3 * lanes), weight));
    }
    store(sum0, i);
    store(sum1, i + lanes);
    store(sum2, i + 2 * lanes);
    store(sum3, i + 3 * lanes);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace inference_exp::vision
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace inference_exp::vision {

namespace {

HWY_EXPORT(expand_rows);   // NOLINT
HWY_EXPORT(filter_block);  // NOLINT
HWY_EXPORT(weigh_rows);    // NOLINT

}  // namespace

void expand_rows(const std::array<const std::uint8_t*, kBlockRows>& rows, std::int32_t channels, std::size_t pixels,
                 float* block) {
  HWY_DYNAMIC_DISPATCH(expand_rows)(rows, channels, pixels, block);
}

void filter_block(const float* block, const AntialiasColumns& columns, const AntialiasTile& tile,
                  const std::array<float*, kBlockRows>& rows) {
  HWY_DYNAMIC_DISPATCH(filter_block)(block, columns, tile, rows);
}

void weigh_rows(std::span<const float* const> rows, std::span<const float> weights, std::size_t count,
                std::uint8_t* bytes) {
  HWY_DYNAMIC_DISPATCH(weigh_rows)(rows, weights, count, bytes);
}

}  // namespace inference_exp::vision

#endif  // HWY_ONCE
