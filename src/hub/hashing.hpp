// Hashes over bytes as they pass: OpenSSL's MD5 and SHA-256, libb2's BLAKE2s.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace inference_exp::hub {

enum class HashKind : std::uint8_t { md5, sha256 };

/// One running hash. Not shared between threads.
class Hasher {
 public:
  explicit Hasher(HashKind kind);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(std::span<const std::byte> bytes);
  /// Lower-case hex digits. The hasher starts anew.
  [[nodiscard]] std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

[[nodiscard]] std::string sha256_hex(std::string_view text);
/// BLAKE2s with a digest of `digest_bytes` (1 to 32), as lower-case hex.
[[nodiscard]] std::string blake2s_hex(std::string_view text, std::size_t digest_bytes);

/// Both hashes of a file in one reading. Throws ModelCacheError, naming the file, when it can't be read.
struct FileHashes {
  std::string md5;
  std::string sha256;
  std::uint64_t bytes = 0;
};
[[nodiscard]] FileHashes hash_file(const std::filesystem::path& file);

/// Whether `text` is 32 (MD5) or 64 (SHA-256) lower-case hex digits.
[[nodiscard]] bool is_hex_digest(std::string_view text, HashKind kind) noexcept;

}  // namespace inference_exp::hub
