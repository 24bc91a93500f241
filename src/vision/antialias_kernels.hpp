// The inner loops of torch's antialiased resize of bytes, in whatever instruction set this machine has.
//
// A value is a sum in rising order of taps, each product rounded before it is added, so that every instruction set
// gives the same bits. Lanes are therefore independent values: four source rows times four channels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace inference_exp::vision {

/// Source rows that are filtered together, and channels that a pixel is spread to (the fourth is not used).
inline constexpr std::size_t kBlockRows = 4;
inline constexpr std::size_t kBlockChannels = 4;
inline constexpr std::size_t kBlockFloats = kBlockRows * kBlockChannels;
/// Output pixels that are summed side by side.
inline constexpr std::size_t kBlockOutputs = 4;

/// Source columns that are expanded together, unless one group of outputs needs more: few enough to stay in the nearest
/// cache until they are summed.
inline constexpr std::size_t kTileColumns = 256;

/// A run of output pixels, in whole groups of kBlockOutputs, and the source columns that they are made of.
struct AntialiasTile {
  std::size_t first_output = 0;
  std::size_t outputs = 0;
  std::size_t first_column = 0;
  std::size_t columns = 0;
};

/// The filter along a row.
struct AntialiasColumns {
  std::size_t taps = 0;
  std::vector<std::size_t> first;  ///< column of the first tap, in its tile
  std::vector<float> weights;      ///< by group, tap and pixel of the group; 0 where a pixel has fewer taps
  std::vector<AntialiasTile> tiles;
};

/// `pixels` pixels of four rows of bytes (1, 3 or 4 channels; gray is copied to three) as floats, by pixel, row and
/// channel. Reads no byte behind the pixels.
void expand_rows(const std::array<const std::uint8_t*, kBlockRows>& rows, std::int32_t channels, std::size_t pixels,
                 float* block);

/// Filters the block of a tile horizontally into four rows of kBlockChannels floats per pixel. The block must have
/// finite values for `taps` columns behind the tile's.
void filter_block(const float* block, const AntialiasColumns& columns, const AntialiasTile& tile,
                  const std::array<float*, kBlockRows>& rows);

/// bytes[i] = sum over t of weights[t] * rows[t][i], clamped to 0...255 and rounded half to even. Works on whole groups
/// of kPixelGroup values: rows and bytes must have room for them.
void weigh_rows(std::span<const float* const> rows, std::span<const float> weights, std::size_t count,
                std::uint8_t* bytes);

}  // namespace inference_exp::vision
