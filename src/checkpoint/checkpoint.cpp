#include "checkpoint/checkpoint.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/mapped_file.hpp"
#include "checkpoint/tensor_file.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::checkpoint {

namespace {

std::string_view start_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), std::min<std::size_t>(bytes.size(), 64)};
}

std::shared_ptr<const Checkpoint> read_any(MappedFile file) {
  const std::string_view start = start_of(file.bytes());
  if (start.starts_with("PK\x03\x04")) return read_torch_zip(std::move(file));
  if (start.starts_with('\x80')) return read_torch_legacy(std::move(file));
  if (start.starts_with("version https://git-lfs")) {
    throw CorruptedModelPackageError("It is a pointer of git-lfs, not the file itself.",
                                     "Fetch the file with \"git lfs pull\".");
  }
  if (start.size() > 8 && start[8] == '{') return read_safetensors(std::move(file));
  throw CorruptedModelPackageError("It is neither a file of torch.save nor safetensors.",
                                   "Give a .pth, .pt or .safetensors file, downloaded completely.");
}

}  // namespace

std::string_view format_name(Format format) noexcept {
  switch (format) {
    case Format::torch_zip:
      return "torch";
    case Format::torch_legacy:
      return "torch-legacy";
    case Format::torch_script:
      return "torch-script";
    case Format::safetensors:
      return "safetensors";
  }
  return "";
}

std::shared_ptr<const Checkpoint> Checkpoint::from_bytes(std::vector<std::byte> bytes) {
  return read_any(MappedFile(std::move(bytes)));
}

std::shared_ptr<const Checkpoint> Checkpoint::open(const std::filesystem::path& file) {
  MappedFile mapped(file);
  try {
    return read_any(std::move(mapped));
  } catch (const UntrustedCheckpointError& error) {
    throw UntrustedCheckpointError(file.string() + ": " + error.message(), error.hint());
  } catch (const CorruptedModelPackageError& error) {
    throw CorruptedModelPackageError(file.string() + ": " + error.message(), error.hint());
  }
}

}  // namespace inference_exp::checkpoint
