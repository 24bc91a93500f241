#include <array>

#include "core/text.hpp"
#include "fuzzing.hpp"
#include "packages/package_directory.hpp"

// The lines of the input are the values of the entries; this parser never refuses.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inference_exp;
  using fuzzing::require;
  std::map<std::string, std::string, std::less<>> metadata;
  std::string_view text = fuzzing::as_text(data, size);
  for (const char* key : {"task", "imgsz", "kpt_shape", "description", "names"}) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    metadata.emplace(key, line);
  }
  const auto read = packages::parse_bare_model_metadata(metadata);
  for (const std::string& name : read.class_names) require(is_utf8_text(name));
  if (read.image_size) require(read.image_size->width >= 1 && read.image_size->height >= 1);
  if (read.key_point_shape) require(read.key_point_shape->first >= 1);
  return 0;
}
