#include "fuzzing.hpp"
#include "packages/model_metadata.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inference_exp;
  fuzzing::allow_refusal<ModelRetrievalError>([&] {
    const auto page = packages::parse_metadata_page(fuzzing::as_text(data, size), "provider");
    for (const SkippedPackage& skipped : page.model.skipped) {
      fuzzing::require(!skipped.reason.empty() && skipped.reason.size() < 2000);
    }
    for (const PackageMetadata& package : page.model.packages) {
      const Json written = packages::package_entry(package);
      fuzzing::require(packages::package_entry(packages::parse_package_entry(written, "provider")) == written);
    }
  });
  return 0;
}
