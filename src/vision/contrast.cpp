#include "vision/contrast.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace inference_exp::vision {

namespace {

constexpr std::size_t kLevels = 256;
constexpr std::size_t kContrastBins = 256;

std::uint8_t truncate(double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0)); }

// Where a quantile lies between two order statistics, as numpy computes it.
struct Quantile {
  std::size_t below;
  double fraction;

  Quantile(double quantile, std::size_t count) {
    const double position = quantile * static_cast<double>(count - 1);
    below = static_cast<std::size_t>(position);
    fraction = position - static_cast<double>(below);
  }

  // numpy's rule: measured from the nearer end.
  [[nodiscard]] double between(double low, double high) const {
    const double difference = high - low;
    return fraction >= 0.5 ? high - difference * (1.0 - fraction) : low + difference * fraction;
  }
};

struct Range {
  double low;
  double high;

  [[nodiscard]] double stretch(double value) const {
    const double clipped = std::clamp(value, low, high);
    return low == high ? clipped : (clipped - low) / (high - low) * 255.0;
  }
};

std::array<std::size_t, kLevels> count_levels(std::span<const std::uint8_t> pixels) {
  std::array<std::size_t, kLevels> counts{};
  for (const std::uint8_t value : pixels) ++counts[value];
  return counts;
}

double quantile_of_counts(const std::array<std::size_t, kLevels>& counts, double quantile, std::size_t total) {
  const Quantile place(quantile, total);
  const auto order_statistic = [&](std::size_t rank) {
    std::size_t seen = 0;
    std::size_t level = 0;
    while ((seen += counts[level]) <= rank) ++level;
    return static_cast<double>(level);
  };
  return place.between(order_statistic(place.below), order_statistic(std::min(place.below + 1, total - 1)));
}

double quantile_of_values(std::span<float> values, double quantile) {
  const Quantile place(quantile, values.size());
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(place.below);
  std::nth_element(values.begin(), nth, values.end());
  const float next = nth + 1 == values.end() ? *nth : *std::min_element(nth + 1, values.end());
  return place.between(static_cast<double>(*nth), static_cast<double>(next));
}

// Values spread over 256 equal bins between the darkest and the brightest, and the share of values up to each bin.
class Equalizer {
 public:
  Equalizer(double low, double high, std::vector<double>& cumulative)
      : low_(low == high ? low - 0.5 : low),
        width_(((low == high ? high + 0.5 : high) - low_) / kContrastBins),
        cumulative_(cumulative) {
    cumulative_.assign(kContrastBins, 0.0);
  }

  void add(double value, double count) {
    const auto bin = static_cast<std::size_t>(std::max(0.0, (value - low_) / width_));
    cumulative_[std::min(bin, kContrastBins - 1)] += count;
  }

  void finish() {
    std::partial_sum(cumulative_.begin(), cumulative_.end(), cumulative_.begin());
    const double total = cumulative_.back();
    for (double& share : cumulative_) share /= total;
  }

  /// 0...1; linear between bin centres, constant beyond the outermost.
  [[nodiscard]] float operator()(double value) const {
    const double position = (value - low_) / width_ - 0.5;
    if (position <= 0) return static_cast<float>(cumulative_.front());
    const auto bin = static_cast<std::size_t>(position);
    if (bin + 1 >= kContrastBins) return static_cast<float>(cumulative_.back());
    const double fraction = position - static_cast<double>(bin);
    return static_cast<float>(cumulative_[bin] + (cumulative_[bin + 1] - cumulative_[bin]) * fraction);
  }

 private:
  double low_;
  double width_;
  std::vector<double>& cumulative_;
};

template <typename Map>
void apply_per_level(std::span<std::uint8_t> pixels, const Map& map) {
  std::array<std::uint8_t, kLevels> table{};
  for (std::size_t level = 0; level < kLevels; ++level) table[level] = map(static_cast<std::uint8_t>(level));
  for (std::uint8_t& value : pixels) value = table[value];
}

void stretch(std::span<std::uint8_t> pixels, ContrastScratch& /*scratch*/) {
  const auto counts = count_levels(pixels);
  const Range range{quantile_of_counts(counts, 0.02, pixels.size()), quantile_of_counts(counts, 0.98, pixels.size())};
  apply_per_level(pixels, [&](std::uint8_t level) { return truncate(range.stretch(level)); });
}

void stretch(std::span<float> pixels, ContrastScratch& scratch) {
  scratch.ordered.assign(pixels.begin(), pixels.end());
  const double low = quantile_of_values(scratch.ordered, 0.02);
  const Range range{low, quantile_of_values(scratch.ordered, 0.98)};
  for (float& value : pixels) value = static_cast<float>(range.stretch(static_cast<double>(value)));
}

void equalize(std::span<std::uint8_t> pixels, ContrastScratch& scratch) {
  const auto unit = [](std::size_t level) { return static_cast<double>(static_cast<float>(level) / 255.0F); };
  const auto counts = count_levels(pixels);
  const auto [darkest, brightest] = std::minmax_element(pixels.begin(), pixels.end());
  Equalizer equalizer(unit(*darkest), unit(*brightest), scratch.cumulative);
  for (std::size_t level = *darkest; level <= *brightest; ++level) {
    equalizer.add(unit(level), static_cast<double>(counts[level]));
  }
  equalizer.finish();
  apply_per_level(pixels,
                  [&](std::uint8_t level) { return truncate(static_cast<double>(equalizer(unit(level)) * 255.0F)); });
}

void equalize(std::span<float> pixels, ContrastScratch& scratch) {
  const auto unit = [](float value) { return static_cast<double>(value / 255.0F); };
  const auto [darkest, brightest] = std::minmax_element(pixels.begin(), pixels.end());
  Equalizer equalizer(unit(*darkest), unit(*brightest), scratch.cumulative);
  for (const float value : pixels) equalizer.add(unit(value), 1.0);
  equalizer.finish();
  for (float& value : pixels) value = equalizer(unit(value)) * 255.0F;
}

// Only the brightness (HSV's value, the largest channel) is equalised; hue and saturation are kept, which amounts to
// scaling the three channels alike.
template <typename T, typename Finish>
void equalize_brightness(Size size, std::span<T> pixels, ContrastScratch& scratch, const Finish& finish) {
  const std::size_t count = pixels.size() / 3;
  const auto brightest = [&](std::size_t i) {
    return static_cast<float>(std::max({pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]}));
  };
  scratch.brightness.resize(count);
  for (std::size_t i = 0; i < count; ++i) scratch.brightness[i] = brightest(i) / 255.0F;
  equalize_adaptively(size, scratch.brightness, scratch);
  for (std::size_t i = 0; i < count; ++i) {
    const float before = brightest(i);
    const float after = scratch.brightness[i] * 255.0F;
    for (std::size_t c = 0; c < 3; ++c) {
      T& value = pixels[3 * i + c];
      value = finish(before > 0 ? static_cast<float>(value) / before * after : after);
    }
  }
}

void equalize_brightness(Size size, std::span<std::uint8_t> pixels, ContrastScratch& scratch) {
  equalize_brightness(size, pixels, scratch, [](float value) { return truncate(static_cast<double>(value)); });
}

void equalize_brightness(Size size, std::span<float> pixels, ContrastScratch& scratch) {
  equalize_brightness(size, pixels, scratch, [](float value) { return value; });
}

template <typename T>
void enhance(ContrastMode mode, Size size, std::span<T> pixels, ContrastScratch& scratch) {
  switch (mode) {
    case ContrastMode::contrast_stretching:
      stretch(pixels, scratch);
      return;
    case ContrastMode::histogram_equalization:
      equalize(pixels, scratch);
      return;
    case ContrastMode::adaptive_equalization:
      equalize_brightness(size, pixels, scratch);
      return;
  }
}

}  // namespace

void to_grayscale(std::span<std::uint8_t> pixels, bool rgb) {
  constexpr int kRed = 9798;  // OpenCV's weights in 1/32768
  constexpr int kGreen = 19235;
  constexpr int kBlue = 3735;
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    const int red = pixels[i + (rgb ? 0 : 2)];
    const int blue = pixels[i + (rgb ? 2 : 0)];
    const int luma = (kRed * red + kGreen * pixels[i + 1] + kBlue * blue + (1 << 14)) >> 15;
    std::fill_n(&pixels[i], 3, static_cast<std::uint8_t>(luma));
  }
}

void to_grayscale(std::span<float> pixels, bool rgb) {
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    const float red = pixels[i + (rgb ? 0 : 2)];
    const float blue = pixels[i + (rgb ? 2 : 0)];
    std::fill_n(&pixels[i], 3, red * 0.299F + pixels[i + 1] * 0.587F + blue * 0.114F);
  }
}

void enhance_contrast(ContrastMode mode, Size size, std::span<std::uint8_t> pixels, ContrastScratch& scratch) {
  enhance(mode, size, pixels, scratch);
}

void enhance_contrast(ContrastMode mode, Size size, std::span<float> pixels, ContrastScratch& scratch) {
  enhance(mode, size, pixels, scratch);
}

}  // namespace inference_exp::vision
