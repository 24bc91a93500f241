#include "core/json.hpp"
#include "packages/json_reader.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {

std::string parse_model_type(std::string_view text, std::string_view file) {
  const Json document = parse_json(text, file);
  const JsonReader model_type = JsonReader(document, file).required("model_type");
  if (model_type.text().empty()) model_type.fail("the name of a network's size, such as \"rfdetr-base\"");
  return model_type.text();
}

}  // namespace inference_exp::packages
