#include "packages/trt_config.hpp"

#include <limits>
#include <optional>

#include "core/json.hpp"
#include "packages/json_reader.hpp"

namespace inference_exp::packages {

namespace {

std::int32_t parse_batch_size(const JsonReader& reader, std::int32_t low) {
  return reader.integer(low, std::numeric_limits<std::int32_t>::max());
}

}  // namespace

TrtConfig parse_trt_config(std::string_view text, std::string_view file) {
  const Json document = parse_json(text, file);
  const JsonReader root(document, file);
  if (const std::optional<JsonReader> fixed = root.optional("static_batch_size")) {
    const std::int32_t size = parse_batch_size(*fixed, 1);
    return {.dynamic = false, .min_batch_size = size, .opt_batch_size = size, .max_batch_size = size};
  }
  TrtConfig config{.dynamic = true};
  config.min_batch_size = parse_batch_size(root.required("dynamic_batch_size_min"), 1);
  config.opt_batch_size = parse_batch_size(root.required("dynamic_batch_size_opt"), config.min_batch_size);
  config.max_batch_size = parse_batch_size(root.required("dynamic_batch_size_max"), config.opt_batch_size);
  return config;
}

}  // namespace inference_exp::packages
