// Networks whose weights follow from a recipe, with the outputs and the layer-by-layer traces that the Python original
// gave for them.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/failure.hpp"
#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::testing {

/// The tensors of a golden manifest, made when they are read.
class RecipeSource final : public torch_backend::TensorSource {
 public:
  explicit RecipeSource(const nlohmann::json& manifest);
  [[nodiscard]] std::optional<std::vector<std::int64_t>> shape(std::string_view name) const override;
  [[nodiscard]] at::Tensor read(std::string_view name) const override;

  /// For tests of what happens when a checkpoint is not what it should be.
  void remove(const std::string& name) { entries_.erase(name); }
  void reshape(const std::string& name, std::vector<std::int64_t> shape) { entries_.at(name).shape = std::move(shape); }

 private:
  struct Entry {
    std::vector<std::int64_t> shape;
    double base = 0;
    std::optional<int> log2scale;
    at::ScalarType dtype = at::kFloat;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

/// A tensor by recipe under any name, such as a case's input.
[[nodiscard]] at::Tensor recipe_tensor(const std::string& name, const std::vector<std::int64_t>& shape, int log2scale);

/// The picture of a CLIP or Perception Encoder case: by recipe, or coarse squares with fine noise (image_recipe).
[[nodiscard]] at::Tensor golden_image(const nlohmann::json& entry);

[[nodiscard]] nlohmann::json read_json(const std::filesystem::path& file);

/// The tensors of expected.safetensors.
[[nodiscard]] std::map<std::string, at::Tensor> read_expected(const std::filesystem::path& file);

/// Compares layers with a case of trace.json as they come, and remembers the first that differs. Where the original has
/// the sequence before the batch, as CLIP does, both axes are swapped.
class TraceComparer final : public torch_backend::Tracer {
 public:
  explicit TraceComparer(const nlohmann::json& trace) : trace_(trace) {}
  void see(const std::string& module, const at::Tensor& output) override;
  /// Such as "first differing layer: backbone.0...: shape, wanted and seen values"; empty when all agree.
  [[nodiscard]] const std::string& first_difference() const noexcept { return first_difference_; }
  [[nodiscard]] std::size_t compared() const noexcept { return compared_; }
  /// The layers of the trace that were not shown, of those whose names start with "visual" or of the others.
  [[nodiscard]] std::set<std::string> unseen(bool visual) const;

 private:
  const nlohmann::json& trace_;
  std::string first_difference_;
  std::size_t compared_ = 0;
  std::set<std::string> seen_;
};

/// The only output of a network with one input.
[[nodiscard]] at::Tensor run(const torch_backend::Network& network, const at::Tensor& input,
                             torch_backend::Tracer* tracer = nullptr);

/// A tower's fast path, and the one that computes everything, give what is expected, and all layers that the original
/// has in this tower are those of `trace`.
void expect_golden(const torch_backend::Network& network, const at::Tensor& input, const at::Tensor& expected,
                   const nlohmann::json& trace, double tolerance);

/// Message and hint of the Failure that `make` has to throw.
template <typename Make>
std::string refusal(Make&& make, std::int32_t code = IEXP_ERROR_CORRUPTED_PACKAGE) {
  try {
    (void)std::forward<Make>(make)();
  } catch (const backend::Failure& failure) {
    EXPECT_EQ(failure.code(), code);
    return std::string(failure.what()) + " " + failure.hint();
  }
  return "nothing was thrown";
}

/// Largest absolute difference; infinite when shapes differ.
[[nodiscard]] double largest_difference(const at::Tensor& a, const at::Tensor& b);

}  // namespace inference_exp::testing
