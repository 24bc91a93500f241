#include <array>

#include "core/json.hpp"
#include "packages/inference_config.hpp"
#include "packages/json_reader.hpp"

namespace inference_exp::packages {

namespace {

struct ResizeFormat {
  ResizeMode mode = ResizeMode::stretch;
  std::int32_t padding_value = 0;
};

/// "Stretch to" to the letter; the colour of the edges wherever it stands, as in "Fit (black edges) in".
ResizeFormat parse_format(const JsonReader& format) {
  const std::string& text = format.text();
  if (text == "Stretch to") return {};
  constexpr auto kEdges =
      std::to_array<Word<std::int32_t>>({{"black edges", 0}, {"grey edges", 127}, {"white edges", 255}});
  for (const Word<std::int32_t>& edges : kEdges) {
    if (text.find(edges.text) != std::string::npos) return {ResizeMode::letterbox, edges.value};
  }
  format.fail(R"("Stretch to", or contain "black edges", "grey edges" or "white edges")");
}

void read_resize(const JsonReader& resize, NetworkInput& input) {
  if (!resize.required("enabled").boolean()) return;
  input.training_input_size = {.width = resize.required("width").integer(1, kMaxImageSide),
                               .height = resize.required("height").integer(1, kMaxImageSide)};
  const ResizeFormat format = parse_format(resize.required("format"));
  input.resize_mode = format.mode;
  if (format.mode == ResizeMode::letterbox) input.padding_value = format.padding_value;
}

}  // namespace

InferenceConfig parse_environment_config(std::string_view text, std::string_view file) {
  const Json document = parse_json(text, file);
  const std::string embedded = JsonReader(document, file).required("PREPROCESSING").text();
  const std::string embedded_name = std::string(file) + " (the JSON text of PREPROCESSING)";
  const Json preprocessing = parse_json(embedded, embedded_name);

  InferenceConfig config;
  config.network_input.resize_mode = ResizeMode::none;
  if (const auto resize = JsonReader(preprocessing, embedded_name).optional("resize")) {
    read_resize(*resize, config.network_input);
  }
  config.network_input.scaling_factor = 255;
  config.post_processing = PostProcessing{};
  return config;
}

}  // namespace inference_exp::packages
