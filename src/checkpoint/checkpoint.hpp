// Weights from files that Python's torch.save, TorchScript and safetensors write, read as inert data: nothing that a
// file contains is ever executed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "core/tensor.hpp"

namespace inference_exp::checkpoint {

enum class Format : std::uint8_t { torch_zip, torch_legacy, torch_script, safetensors };
[[nodiscard]] std::string_view format_name(Format format) noexcept;

/// One tensor of a file. `name` is the path to it through the file's dictionaries and attributes, joined with dots:
/// "model.class_embed.bias" in {'model': {'class_embed.bias': ...}}.
struct TensorEntry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;  ///< of any rank up to 64
  std::uint64_t element_count = 0;
  std::uint64_t byte_size = 0;  ///< when compact
};

/// An open file: mapped into memory, its structure read and checked, its tensors not touched until they are read.
/// Immutable; any number of threads may read at once. Views stay valid as long as the object.
class Checkpoint {
 public:
  /// Throws CorruptedModelPackageError for a file that is damaged, truncated or of no known format, and
  /// UntrustedCheckpointError when it asks for anything beyond data (a global outside the allow-list, an extension):
  /// the message names what was refused.
  [[nodiscard]] static std::shared_ptr<const Checkpoint> open(const std::filesystem::path& file);
  /// The same from bytes in memory.
  [[nodiscard]] static std::shared_ptr<const Checkpoint> from_bytes(std::vector<std::byte> bytes);
  virtual ~Checkpoint() = default;

  [[nodiscard]] virtual Format format() const noexcept = 0;
  /// In the file's own order (safetensors: of their bytes); names are unique.
  [[nodiscard]] virtual std::span<const TensorEntry> tensors() const noexcept = 0;
  /// nullptr when there is no such tensor.
  [[nodiscard]] virtual const TensorEntry* find(std::string_view name) const noexcept = 0;
  /// The compact row-major bytes of a tensor of tensors(), without a copy, where the file stores them so and aligned to
  /// the element; else an empty span (use read). The first touch of a record checks its CRC; throws
  /// CorruptedModelPackageError when that fails.
  [[nodiscard]] virtual std::span<const std::byte> view(const TensorEntry& tensor) const = 0;
  /// Copies the compact row-major bytes into `destination`, which has exactly byte_size bytes. Throws like view.
  virtual void read(const TensorEntry& tensor, std::span<std::byte> destination) const = 0;
  /// Gives back the memory that reading `tensor` took of the mapped file. Views stay valid: touched again, they are
  /// read from the file again.
  virtual void forget(const TensorEntry& tensor) const noexcept = 0;
  /// Everything else in the file (such as args): dictionaries and objects' attributes as JSON objects, tuples, lists
  /// and sets as arrays, tensors left out, numbers that JSON has no value for as text. safetensors: "__metadata__".
  [[nodiscard]] virtual const Json& data() const noexcept = 0;
};

}  // namespace inference_exp::checkpoint
