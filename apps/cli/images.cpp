#include "images.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp::cli {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  std::streamoff size = -1;
  if (stream) size = stream.tellg();
  // Opening a folder succeeds and reports a size that no file has.
  if (size < 0 || std::filesystem::is_directory(file)) {
    throw ModelInputError("The file can't be read.", "Check that it exists, is a file, and that you may read it.");
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  stream.seekg(0);
  if (!bytes.empty() && !stream.read(reinterpret_cast<char*>(bytes.data()), size)) {
    throw ModelInputError("The file can't be read to its end.");
  }
  return bytes;
}

bool is_jpeg(Bytes bytes) { return bytes.size() > 2 && bytes[0] == 0xFF && bytes[1] == 0xD8; }

/// Walks from marker to marker to the end-of-image marker. Segments are skipped as a whole, because an embedded preview
/// has an end marker of its own. The decoder would fill the rest of a picture that was cut short with gray.
bool jpeg_is_complete(Bytes bytes) {
  std::size_t at = 2;
  while (at + 1 < bytes.size()) {
    const void* found = std::memchr(bytes.data() + at, 0xFF, bytes.size() - at - 1);
    if (found == nullptr) return false;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data());
    const std::uint8_t marker = bytes[at + 1];
    if (marker == 0xD9) return true;
    const bool without_segment = marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8);
    if (marker == 0xFF) {
      at += 1;
    } else if (without_segment) {
      at += 2;
    } else {
      if (at + 3 >= bytes.size()) return false;
      at += 2 + (static_cast<std::size_t>(bytes[at + 2]) << 8U | bytes[at + 3]);
    }
  }
  return false;
}

bool is_png(Bytes bytes) {
  constexpr std::array<std::uint8_t, 8> kSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  return bytes.size() >= kSignature.size() && std::equal(kSignature.begin(), kSignature.end(), bytes.begin());
}

/// Walks from chunk to chunk to the end chunk. The decoder would write to stderr by itself.
bool png_is_complete(Bytes bytes) {
  constexpr std::size_t kSignatureSize = 8;
  constexpr std::size_t kChunkOverhead = 12;  // length, type, checksum
  std::size_t at = kSignatureSize;
  while (at + kChunkOverhead <= bytes.size()) {
    const Bytes chunk = bytes.subspan(at);
    if (std::memcmp(chunk.data() + 4, "IEND", 4) == 0) return true;
    std::size_t length = 0;
    for (const std::uint8_t byte : chunk.first(4)) length = length << 8U | byte;
    at += kChunkOverhead + length;
  }
  return false;
}

cv::Mat decode(const std::vector<std::uint8_t>& bytes) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);  // failures are reported by the caller
  try {
    return cv::imdecode(bytes, cv::IMREAD_COLOR);
  } catch (const cv::Exception& error) {
    throw ModelInputError("The picture can't be decoded (" + error.err + ").",
                          "It may be damaged, or larger than OpenCV's limits allow.");
  }
}

}  // namespace

cv::Mat read_image(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_bytes(file);
  if (bytes.empty()) throw ModelInputError("The file is empty.");
  if ((is_jpeg(bytes) && !jpeg_is_complete(bytes)) || (is_png(bytes) && !png_is_complete(bytes))) {
    throw ModelInputError("The picture was cut short: its file has no end.", "Copy or download it again.");
  }
  cv::Mat picture = decode(bytes);
  if (picture.empty()) {
    throw ModelInputError("The file is not a picture that can be decoded.", "It may be damaged or of an unknown type.");
  }
  return picture;
}

}  // namespace inference_exp::cli
