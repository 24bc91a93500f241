#include "core/file.hpp"

#include <fstream>
#include <system_error>

#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

std::string read_text_file(const fs::path& path, std::size_t max_size) {
  const std::string name = path.string();
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    throw CorruptedModelPackageError("The package file " + name + " is missing.",
                                     "Download or export the package again, complete.");
  }
  if (!fs::is_regular_file(status)) {
    throw CorruptedModelPackageError(name + " is not a regular file.", "Replace it by the file itself.");
  }
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || size > max_size) {
    throw CorruptedModelPackageError(
        name + " is larger than the " + std::to_string(max_size) + " bytes that such a file may have.",
        "Check that it is the right file; download or export the package again.");
  }
  std::ifstream stream(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!stream || !stream.read(text.data(), static_cast<std::streamsize>(text.size()))) {
    throw CorruptedModelPackageError(name + " cannot be read.", "Check its permissions.");
  }
  return text;
}

}  // namespace inference_exp
