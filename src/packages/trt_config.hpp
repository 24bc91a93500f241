// trt_config.json as a value (loading.md, section 3.6): how many images a compiled engine takes at once.
#pragma once

#include <cstdint>
#include <string_view>

namespace inference_exp::packages {

/// 0 < min <= opt <= max; an engine of a fixed batch size has three equal numbers.
struct TrtConfig {
  bool dynamic = false;
  std::int32_t min_batch_size = 1;
  std::int32_t opt_batch_size = 1;
  std::int32_t max_batch_size = 1;
  friend bool operator==(const TrtConfig&, const TrtConfig&) = default;
};

/// Parses trt_config.json. Throws CorruptedModelPackageError naming file, key and what was expected.
[[nodiscard]] TrtConfig parse_trt_config(std::string_view text, std::string_view file);

}  // namespace inference_exp::packages
