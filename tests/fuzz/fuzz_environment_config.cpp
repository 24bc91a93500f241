#include <nlohmann/json.hpp>

#include "fuzzing.hpp"
#include "packages/inference_config.hpp"

namespace {

void parse(std::string_view text) {
  using namespace inference_exp;
  fuzzing::allow_refusal<CorruptedModelPackageError>([&] {
    const auto config = packages::parse_environment_config(text, "environment.json");
    const Preprocessing recipe = packages::make_preprocessing(config);
    const bool resized = recipe.resize_mode != ResizeMode::none;
    fuzzing::require(!resized || (recipe.target.width >= 1 && recipe.target.height >= 1));
  });
}

}  // namespace

// The document as it stands, and the same text as the JSON inside PREPROCESSING, which mutation alone rarely reaches.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = inference_exp::fuzzing::as_text(data, size);
  parse(text);
  const nlohmann::json wrapped = {{"PREPROCESSING", std::string(text)}};
  parse(wrapped.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return 0;
}
