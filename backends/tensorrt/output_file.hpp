// Writing files that others see whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace inference_exp::tensorrt {

/// A new file beside its target, which takes the target's place when it is published and is removed otherwise. Throws
/// IEXP_ERROR_ENVIRONMENT, naming the target, for what the file system refuses.
class OutputFile {
 public:
  /// Makes the file, so that a folder that cannot be written to is told before there is something to write.
  explicit OutputFile(std::filesystem::path target);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  /// Writes the contents to the disk and puts the file in the target's place. Once.
  void publish(std::span<const std::byte> contents);

 private:
  void write(std::span<const std::byte> contents) const;

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

}  // namespace inference_exp::tensorrt
