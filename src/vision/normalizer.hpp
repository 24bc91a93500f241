// From a byte to the network's float: scaling and normalisation, fast, and equal to the divisions to the bit.
#pragma once

#include <array>
#include <cstdint>

#include "core/preprocessing.hpp"

namespace inference_exp::vision {

/// How a kernel computes it. Every byte value is checked against the true divisions before anything but `table` is
/// chosen, because whether corrected multiplication rounds correctly depends on the divisor and the instruction set.
enum class ScaleKind : std::uint8_t { identity, divide, divide_and_normalize, table };

/// One network channel.
struct ChannelScale {
  float divisor = 1;
  float divisor_reciprocal = 1;
  float mean = 0;
  float std = 1;
  float std_reciprocal = 1;
  std::array<float, 256> table{};  ///< the truth for each byte
};

struct Normalizer {
  ScaleKind kind = ScaleKind::table;
  std::array<ChannelScale, 3> channels;
};

/// Computes the tables and picks the kind. Depends on the recipe's scaling and normalisation only.
void build_normalizer(const Preprocessing& recipe, Normalizer& normalizer);

}  // namespace inference_exp::vision
