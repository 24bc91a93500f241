#include "hub/hashing.hpp"

#include <blake2.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <system_error>
#include <vector>

#include "hub/descriptor.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFilePiece = std::size_t{1} << 20;

std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

/// OpenSSL's hash functions fail for want of memory, or where a policy of the machine forbids MD5.
void require(bool succeeded) {
  if (!succeeded) {
    throw ModelCacheError("This machine's OpenSSL refuses to compute a hash.",
                          "Check its configuration (openssl.cnf): MD5 and SHA-256 must be allowed.");
  }
}

[[noreturn]] void throw_unreadable(const fs::path& file, int error) {
  throw ModelCacheError(file.string() + " cannot be read: " + std::generic_category().message(error) + ".",
                        "Check its permissions and the disk.");
}

}  // namespace

struct Hasher::Context {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const EVP_MD* algorithm = nullptr;
  std::unique_ptr<EVP_MD_CTX, Free> state{EVP_MD_CTX_new()};
};

Hasher::Hasher(HashKind kind) : context_(std::make_unique<Context>()) {
  if (!context_->state) throw std::bad_alloc();
  context_->algorithm = kind == HashKind::md5 ? EVP_md5() : EVP_sha256();
  require(EVP_DigestInit_ex(context_->state.get(), context_->algorithm, nullptr) == 1);
}

Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context_->state.get(), bytes.data(), bytes.size()) == 1);
}

std::string Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  require(EVP_DigestFinal_ex(context_->state.get(), digest.data(), &size) == 1);
  require(EVP_DigestInit_ex(context_->state.get(), context_->algorithm, nullptr) == 1);
  return to_hex(std::span(digest).first(size));
}

std::string sha256_hex(std::string_view text) {
  Hasher hasher(HashKind::sha256);
  hasher.update(std::as_bytes(std::span(text)));
  return hasher.finish();
}

std::string blake2s_hex(std::string_view text, std::size_t digest_bytes) {
  std::array<unsigned char, BLAKE2S_OUTBYTES> digest{};
  blake2s_state state{};
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  if (blake2s_init(&state, digest_bytes) != 0 || blake2s_update(&state, bytes.data(), bytes.size()) != 0 ||
      blake2s_final(&state, digest.data(), digest_bytes) != 0) {
    throw InvalidParameterError("A BLAKE2s digest of " + std::to_string(digest_bytes) + " bytes does not exist.",
                                "It has 1 to 32 bytes.");
  }
  return to_hex(std::span(digest).first(digest_bytes));
}

FileHashes hash_file(const fs::path& file) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.value < 0) throw_unreadable(file, errno);
  Hasher md5(HashKind::md5);
  Hasher sha256(HashKind::sha256);
  FileHashes hashes;
  std::vector<std::byte> buffer(kFilePiece);
  while (true) {
    const ssize_t count = ::read(descriptor.value, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_unreadable(file, errno);
    if (count == 0) break;
    const std::span<const std::byte> bytes = std::span(buffer).first(static_cast<std::size_t>(count));
    md5.update(bytes);
    sha256.update(bytes);
    hashes.bytes += bytes.size();
  }
  hashes.md5 = md5.finish();
  hashes.sha256 = sha256.finish();
  return hashes;
}

bool is_hex_digest(std::string_view text, HashKind kind) noexcept {
  const std::size_t digits = kind == HashKind::md5 ? 32 : 64;
  return text.size() == digits && std::ranges::all_of(text, [](char digit) {
           return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
         });
}

}  // namespace inference_exp::hub
