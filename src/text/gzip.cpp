#include "text/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace inference_exp::text {

namespace {

class Inflater {
 public:
  explicit Inflater(std::string_view bytes) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    // The interface of zlib takes what it only reads as something to write.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  /// Appends at most `most` bytes; returns zlib's verdict.
  int unpack(std::size_t most, std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + most);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_.avail_out = static_cast<uInt>(most);
    const int verdict = inflate(&stream_, Z_NO_FLUSH);
    out.resize(out.size() - stream_.avail_out);
    if (verdict == Z_MEM_ERROR) throw std::bad_alloc();
    return verdict;
  }
  [[nodiscard]] bool at_end() const noexcept { return stream_.avail_in == 0; }

 private:
  z_stream stream_{};
};

}  // namespace

bool is_gzip(std::string_view bytes) noexcept { return bytes.starts_with("\x1F\x8B"); }

std::optional<std::string> unpack_gzip(std::string_view bytes, std::size_t max_size) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  if (bytes.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  Inflater inflater(bytes);
  std::string out;
  int verdict = Z_OK;
  while (verdict == Z_OK) {
    // One byte more than allowed tells a file that is too large from one that just fits.
    verdict = inflater.unpack(std::min(kPiece, max_size + 1 - out.size()), out);
    if (out.size() > max_size) return std::nullopt;
  }
  // Anything but the end: damaged, or no more bytes (Z_BUF_ERROR).
  if (verdict != Z_STREAM_END || !inflater.at_end()) return std::nullopt;
  return out;
}

}  // namespace inference_exp::text
