// The directory of a TorchScript archive: what a record would take before it is unpacked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace inference_exp::torch_backend {

struct ScriptRecord {
  std::uint64_t size = 0;         ///< unpacked
  std::uint64_t stored_size = 0;  ///< in the file
  std::uint32_t crc = 0;
  bool compressed = false;
};

/// By name in lower case, because LibTorch looks records up without regard to case; without the top folder. Throws
/// CorruptedModelPackageError for damage, two records of one name, two top folders, and what follows the archive's end.
/// Unlike checkpoint::read_zip it lists compressed records, as torch.jit.save writes the code, and reads none.
[[nodiscard]] std::map<std::string, ScriptRecord, std::less<>> read_script_directory(std::span<const std::byte> file);

}  // namespace inference_exp::torch_backend
