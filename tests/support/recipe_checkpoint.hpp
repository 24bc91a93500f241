// Checkpoints of full size without anybody's weights: a golden manifest's tensors, by recipe, as a safetensors file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/tensor_recipe.hpp"

namespace inference_exp::testing {

/// One entry of a manifest's "tensors".
struct RecipeTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::string dtype;  ///< "F32", "F16" or "I64"
  double base = 0;
  std::optional<int> log2scale;

  explicit RecipeTensor(const nlohmann::json& entry)
      : name(entry.at("name")), shape(entry.at("shape")), dtype(entry.at("dtype")), base(entry.at("base")) {
    if (!entry.at("log2scale").is_null()) log2scale = entry.at("log2scale").get<int>();
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t product = 1;
    for (const std::int64_t extent : shape) product *= static_cast<std::size_t>(extent);
    return product;
  }
  [[nodiscard]] std::size_t bytes() const {
    if (dtype == "F32") return count() * 4;
    if (dtype == "F16") return count() * 2;
    if (dtype == "I64") return count() * 8;
    throw std::runtime_error(name + ": no recipe for the element type " + dtype);
  }
};

template <typename T>
void write_values(std::ofstream& file, const std::vector<T>& values) {
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
}

inline void write_values_of(std::ofstream& file, const RecipeTensor& tensor) {
  if (tensor.dtype == "I64") {
    return write_values(file, std::vector<std::int64_t>(tensor.count(), static_cast<std::int64_t>(tensor.base)));
  }
  const std::vector<float> values = fill(tensor.name, tensor.count(), tensor.base, tensor.log2scale);
  if (tensor.dtype == "F32") return write_values(file, values);
  std::vector<std::uint16_t> halves;
  halves.reserve(values.size());
  for (const float value : values) halves.push_back(to_half(value));
  write_values(file, halves);
}

/// The length and the JSON text that a safetensors file opens with.
inline void write_safetensors_header(std::ofstream& file, std::span<const RecipeTensor> tensors) {
  nlohmann::json header = nlohmann::json::object();
  std::size_t end = 0;
  for (const RecipeTensor& tensor : tensors) {
    const std::size_t begin = end;
    end += tensor.bytes();
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  write_values(file, std::vector<std::uint64_t>{text.size()});
  file << text;
}

/// Holds no more than the largest tensor in memory. Throws std::ios_base::failure where the disk is full.
inline void write_recipe_checkpoint(const nlohmann::json& manifest, const std::filesystem::path& path) {
  std::vector<RecipeTensor> tensors;
  for (const nlohmann::json& entry : manifest.at("tensors")) tensors.emplace_back(entry);
  std::ofstream file;
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.open(path, std::ios::binary);
  write_safetensors_header(file, tensors);
  for (const RecipeTensor& tensor : tensors) write_values_of(file, tensor);
}

}  // namespace inference_exp::testing
