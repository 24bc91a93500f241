#include "npy.hpp"

#include <bit>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "inference_exp/errors.hpp"

namespace inference_exp::cli {

namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they lie in memory");

/// Magic, version, length of the description, the description, blanks up to a multiple of 64, a line end.
std::string header(std::size_t rows, std::size_t columns) {
  constexpr std::size_t kAlignment = 64;
  constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
  std::string description = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                            std::to_string(columns) + "), }";
  const std::size_t before = kMagic.size() + 2;
  const std::size_t used = before + description.size() + 1;
  description.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  description += '\n';
  std::string text(kMagic);
  text += static_cast<char>(description.size() & 0xFFU);
  text += static_cast<char>(description.size() >> 8U);
  return text + description;
}

}  // namespace

void write_npy(const std::filesystem::path& file, std::span<const float> values, std::size_t rows,
               std::size_t columns) {
  std::filesystem::path part = file;
  part += ".part";
  std::ofstream out(part, std::ios::binary);
  const std::string start = header(rows, columns);
  const auto bytes = std::as_bytes(values);
  out.write(start.data(), static_cast<std::streamsize>(start.size()));
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(part, file, error);
  if (out && !error) return;
  std::filesystem::remove(part, error);
  throw InvalidParameterError(file.string() + " cannot be written.", "Check the folder, its permissions and the disk.");
}

}  // namespace inference_exp::cli
