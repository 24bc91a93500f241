#include "core/json.hpp"
#include "packages/json_reader.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {

namespace {

std::string parse_size_name(std::string_view text, std::string_view file, std::string_view key, const char* example) {
  const Json document = parse_json(text, file);
  const JsonReader name = JsonReader(document, file).required(key);
  if (name.text().empty()) name.fail(std::string("the name of a network's size, such as ") + example);
  return name.text();
}

}  // namespace

std::string parse_model_type(std::string_view text, std::string_view file) {
  return parse_size_name(text, file, "model_type", "\"rfdetr-base\"");
}

std::string parse_vision_encoder(std::string_view text, std::string_view file) {
  return parse_size_name(text, file, "vision_encoder_config", "\"PE-Core-B16-224\"");
}

}  // namespace inference_exp::packages
