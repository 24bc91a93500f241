// A file that is written here and there while others read it.
//
// Contract: errors are ModelCacheError, naming the file, the reason and what to do. Interrupted calls go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

namespace inference_exp::hub {

class OpenFile {
 public:
  OpenFile() = default;
  /// Opens a regular file for reading and writing, or makes it. A link, a second name of another file, or a file that
  /// belongs to somebody else gives way to a new one.
  [[nodiscard]] static OpenFile open_or_replace(const std::filesystem::path& file);

  OpenFile(OpenFile&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), created_(other.created_) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(descriptor_, other.descriptor_);
    std::swap(created_, other.created_);
    return *this;
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile();

  /// Whether open_or_replace made it.
  [[nodiscard]] bool created() const noexcept { return created_; }

  // Safe from several threads at once.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes) const;
  /// As many bytes as there are, at most `into.size()`.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> into) const;
  void resize(std::uint64_t size) const;
  [[nodiscard]] std::uint64_t size() const;
  /// What it takes up on the disk; less than its size when it has holes.
  [[nodiscard]] std::uint64_t allocated() const;
  /// Flushes the bytes (and what is needed to find them again) to the disk.
  void flush() const;

 private:
  OpenFile(std::filesystem::path path, int descriptor, bool created)
      : path_(std::move(path)), descriptor_(descriptor), created_(created) {}

  std::filesystem::path path_;
  int descriptor_ = -1;
  bool created_ = false;
};

/// Throws the ModelCacheError for `error` (an errno) at `file`; `action` such as "written".
[[noreturn]] void throw_disk_error(const std::filesystem::path& file, std::string_view action, int error);

/// Throws ModelCacheError, naming what is needed and what is free, when `folder` has no room for `bytes` more.
void require_free_space(const std::filesystem::path& folder, std::uint64_t bytes);

/// Renames `from` onto `to` in the same folder, and makes that last.
void rename_in_folder(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace inference_exp::hub
