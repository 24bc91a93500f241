#include <array>

#include "core/json.hpp"
#include "packages/json_reader.hpp"
#include "packages/manifest_parts.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {

namespace {

// Every backend that a package may name, whether or not this library has it: a package for another backend is not
// malformed.
constexpr auto kBackends = std::to_array<Word<std::string_view>>({{"trt", "trt"},
                                                                  {"torch", "torch"},
                                                                  {"onnx", "onnx"},
                                                                  {"torch-script", "torch-script"},
                                                                  {"hugging-face", "hugging-face"},
                                                                  {"ultralytics", "ultralytics"},
                                                                  {"mediapipe", "mediapipe"},
                                                                  {"custom", "custom"}});

std::string parse_backend(const JsonReader& reader) {
  return std::string(reader.one_of(std::span<const Word<std::string_view>>(kBackends)));
}

}  // namespace

ModelConfig parse_model_config(std::string_view text, std::string_view file) {
  const Json document = parse_json(text, file);
  const JsonReader root(document, file);
  return {.model_architecture = root.optional("model_architecture", parse_text),
          .task_type = root.optional("task_type", parse_text),
          .backend_type = root.optional("backend_type", parse_backend),
          .model_module = root.optional("model_module", parse_text),
          .model_class = root.optional("model_class", parse_text),
          .model_id = root.optional("model_id", parse_text)};
}

}  // namespace inference_exp::packages
