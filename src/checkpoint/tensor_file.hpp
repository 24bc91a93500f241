// What all formats come to: tensors with their place in a mapped file.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "checkpoint/contents.hpp"
#include "checkpoint/mapped_file.hpp"

namespace inference_exp::checkpoint {

/// One storage's bytes; with a sum where the format has one.
struct StorageBytes {
  std::string name;
  std::span<const std::byte> bytes;
  std::optional<std::uint32_t> crc;
};

class TensorFile final : public Checkpoint {
 public:
  /// `storages` are what Placed::storage counts. Throws CorruptedModelPackageError when a storage is too short for what
  /// was said of it.
  TensorFile(MappedFile file, Format format, Contents contents, std::vector<StorageBytes> storages);

  [[nodiscard]] Format format() const noexcept override { return format_; }
  [[nodiscard]] std::span<const TensorEntry> tensors() const noexcept override { return contents_.tensors; }
  [[nodiscard]] const TensorEntry* find(std::string_view name) const noexcept override;
  [[nodiscard]] std::span<const std::byte> view(const TensorEntry& tensor) const override;
  void read(const TensorEntry& tensor, std::span<std::byte> destination) const override;
  void forget(const TensorEntry& tensor) const noexcept override;
  [[nodiscard]] const Json& data() const noexcept override { return contents_.data; }

 private:
  [[nodiscard]] const Placed& place_of(const TensorEntry& tensor) const;
  /// A storage whose sum was found right.
  [[nodiscard]] std::span<const std::byte> verified(std::size_t storage) const;

  MappedFile file_;
  Format format_;
  Contents contents_;
  std::vector<StorageBytes> storages_;
  std::map<std::string_view, std::size_t, std::less<>> by_name_;
  mutable std::vector<std::atomic<bool>> verified_;
};

[[nodiscard]] std::shared_ptr<const Checkpoint> read_torch_zip(MappedFile file);
[[nodiscard]] std::shared_ptr<const Checkpoint> read_torch_legacy(MappedFile file);
[[nodiscard]] std::shared_ptr<const Checkpoint> read_safetensors(MappedFile file);

}  // namespace inference_exp::checkpoint
