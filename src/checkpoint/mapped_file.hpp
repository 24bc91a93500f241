// A file's bytes: mapped for reading, or handed in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

namespace inference_exp::checkpoint {

class MappedFile {
 public:
  /// Throws CorruptedModelPackageError when the file is missing, not a regular file or cannot be mapped.
  explicit MappedFile(const std::filesystem::path& file);
  explicit MappedFile(std::vector<std::byte> bytes) : owned_(std::move(bytes)), bytes_(owned_) {}
  MappedFile(MappedFile&& other) noexcept : owned_(std::move(other.owned_)), bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(owned_, other.owned_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  /// Gives back the memory behind `part` of a mapped file; when it is touched again, it is read from the file again.
  void forget(std::span<const std::byte> part) const noexcept;

 private:
  std::vector<std::byte> owned_;  ///< empty for a mapped file
  std::span<const std::byte> bytes_;
};

}  // namespace inference_exp::checkpoint
