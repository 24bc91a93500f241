#include "vision/normalizer.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "vision/pixel_steps.hpp"
#include "vision/preprocess_kernels.hpp"

namespace inference_exp::vision {

namespace {

ScaleKind cheapest_kind(const Preprocessing& recipe) {
  if (recipe.normalization) return ScaleKind::divide_and_normalize;
  return recipe.scaling_factor ? ScaleKind::divide : ScaleKind::identity;
}

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

bool reproduces_table(const ChannelScale& channel, ScaleKind kind) {
  std::array<float, 256> computed{};
  scale_all_bytes(channel, kind, computed);
  return std::ranges::equal(computed, channel.table, {}, bits, bits);
}

}  // namespace

void build_normalizer(const Preprocessing& recipe, Normalizer& normalizer) {
  for (std::size_t c = 0; c < 3; ++c) {
    ChannelScale& channel = normalizer.channels[c];
    channel.divisor = recipe.scaling_factor.value_or(1.0F);
    channel.divisor_reciprocal = 1.0F / channel.divisor;
    channel.mean = recipe.normalization ? recipe.normalization->mean[c] : 0.0F;
    channel.std = recipe.normalization ? recipe.normalization->std[c] : 1.0F;
    channel.std_reciprocal = 1.0F / channel.std;
    for (std::size_t byte = 0; byte < channel.table.size(); ++byte) {
      channel.table[byte] = normalize(static_cast<float>(byte), recipe, c);
    }
  }
  const ScaleKind kind = cheapest_kind(recipe);
  const bool exact = std::all_of(normalizer.channels.begin(), normalizer.channels.end(),
                                 [&](const ChannelScale& channel) { return reproduces_table(channel, kind); });
  normalizer.kind = exact ? kind : ScaleKind::table;
}

}  // namespace inference_exp::vision
