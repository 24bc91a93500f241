// What the tests of this room share: golden files, and what becomes of reading everything in one.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "inference_exp/errors.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::testing {

inline std::filesystem::path checkpoint_file(const std::string& name) {
  return shared_dir() / "golden" / "checkpoints" / name;
}

inline Json read_json(const std::filesystem::path& file) { return Json::parse(std::ifstream(file)); }

inline std::vector<std::byte> as_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::vector<std::byte> bytes_of(const checkpoint::Checkpoint& opened, const checkpoint::TensorEntry& tensor) {
  std::vector<std::byte> bytes(tensor.byte_size);
  opened.read(tensor, bytes);
  return bytes;
}

/// Class and text of the error that `open`, or reading every tensor of what it opens, ends with; empty when all of it
/// reads. Errors of other classes pass through.
template <typename Open>
std::string refusal_of(Open open) {
  try {
    const std::shared_ptr<const checkpoint::Checkpoint> opened = open();
    for (const checkpoint::TensorEntry& tensor : opened->tensors()) (void)bytes_of(*opened, tensor);
    return "";
  } catch (const ModelLoadingError& error) {
    return std::string(error.name()) + ": " + error.what();
  }
}

inline std::string refusal(const std::filesystem::path& file) {
  return refusal_of([&] { return checkpoint::Checkpoint::open(file); });
}

inline std::string refusal_in_memory(std::string_view file) {
  return refusal_of([&] { return checkpoint::Checkpoint::from_bytes(as_bytes(file)); });
}

}  // namespace inference_exp::testing
