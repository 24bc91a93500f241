#include <cmath>

#include "fuzzing.hpp"
#include "packages/inference_config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inference_exp;
  using fuzzing::require;
  fuzzing::allow_refusal<CorruptedModelPackageError>([&] {
    const auto config = packages::parse_inference_config(fuzzing::as_text(data, size), "inference_config.json");
    const Preprocessing recipe = packages::make_preprocessing(config);
    require(recipe.target.width >= 1 && recipe.target.width <= 65535);
    require(recipe.target.height >= 1 && recipe.target.height <= 65535);
    require(recipe.padding_value >= 0 && recipe.padding_value <= 255);
    require(!recipe.scaling_factor || std::isnormal(*recipe.scaling_factor));
    if (recipe.static_crop) require(recipe.static_crop->x_min < recipe.static_crop->x_max);
    if (recipe.normalization) {
      for (const float mean : recipe.normalization->mean) require(std::isfinite(mean));
      for (const float deviation : recipe.normalization->std) require(std::isnormal(deviation));
    }
  });
  return 0;
}
