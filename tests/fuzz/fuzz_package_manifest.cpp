#include "fuzzing.hpp"
#include "packages/package_directory.hpp"
#include "packages/package_manifest.hpp"
#include "packages/trt_config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inference_exp;
  const auto text = fuzzing::as_text(data, size);
  fuzzing::allow_refusal<CorruptedModelPackageError>([&] {
    const auto manifest = packages::parse_package_manifest(text, "model_config.json");
    const std::string written = packages::to_json_text(manifest);
    fuzzing::require(packages::to_json_text(packages::parse_package_manifest(written, "model_config.json")) == written);
    fuzzing::require(packages::parse_model_config(written, "model_config.json").model_id == manifest.model_id);
  });
  fuzzing::allow_refusal<CorruptedModelPackageError>([&] {
    const auto config = packages::parse_trt_config(text, "trt_config.json");
    fuzzing::require(0 < config.min_batch_size && config.min_batch_size <= config.opt_batch_size &&
                     config.opt_batch_size <= config.max_batch_size);
  });
  return 0;
}
