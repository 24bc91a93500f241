// A file's bytes, mapped for reading.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

namespace inference_exp::checkpoint {

class MappedFile {
 public:
  /// Throws CorruptedModelPackageError when the file is missing, not a regular file or cannot be mapped.
  explicit MappedFile(const std::filesystem::path& file);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace inference_exp::checkpoint
