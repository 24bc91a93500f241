#include "core/text.hpp"
#include "fuzzing.hpp"
#include "packages/package_directory.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inference_exp;
  using fuzzing::require;
  fuzzing::allow_refusal<CorruptedModelPackageError>([&] {
    const auto names = packages::parse_class_names(fuzzing::as_text(data, size), "class_names.txt");
    require(!names.empty());
    for (const std::string& name : names) {
      require(!name.empty() && trim(name) == name && is_utf8_text(name));
      require(name.find('\n') == std::string::npos);
    }
  });
  return 0;
}
