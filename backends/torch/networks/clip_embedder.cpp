#include "networks/clip_embedder.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "common/failure.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr const char* kHint = "The file holds another model or an unknown size of it.";
constexpr double kSmallestLength = 1e-12;

std::string text_of(at::IntArrayRef shape) {
  std::string text;
  for (const std::int64_t dim : shape) text += (text.empty() ? "" : " x ") + (dim < 0 ? "any" : std::to_string(dim));
  return text;
}

}  // namespace

std::int64_t square_side(std::int64_t count) {
  const std::int64_t side = std::llround(std::sqrt(static_cast<double>(count)));
  if (count > 0 && side < (std::int64_t{1} << 30) && side * side == count) return side;
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "Its " + std::to_string(count) + " position embeddings are no square.",
                kHint);
}

void check_range(const char* what, std::int64_t value, std::int64_t limit) {
  if (value >= 1 && value <= limit) return;
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                "No network of this kind has a " + std::string(what) + " of " + std::to_string(value) + ".", kHint);
}

at::Tensor unit_length(const at::Tensor& embeddings) {
  const at::Tensor wide = embeddings.to(at::kFloat);
  return wide / at::norm(wide, 2, {-1}, true).clamp_min_(kSmallestLength);
}

Embedder::Embedder(const Weights& weights, TensorPort input, std::int64_t dimension,
                   std::map<std::string, std::string> settings)
    : inputs_{std::move(input)},
      outputs_{TensorPort{"embeddings", at::kFloat, {-1, dimension}}},
      metadata_(std::move(settings)),
      options_(at::TensorOptions().dtype(weights.placement().dtype).device(weights.placement().device)) {
  metadata_["dimension"] = std::to_string(dimension);
}

void Embedder::check_shape(const at::Tensor& input) const {
  const std::vector<std::int64_t>& wanted = inputs_[0].shape;
  bool fits = input.dim() == static_cast<std::int64_t>(wanted.size());
  for (std::size_t i = 0; fits && i < wanted.size(); ++i) {
    const std::int64_t size = input.size(static_cast<std::int64_t>(i));
    fits = size > 0 && (wanted[i] < 0 || size == wanted[i]);
  }
  if (fits) return;
  throw Failure(IEXP_ERROR_MODEL_RUNTIME, "An input of the shape " + text_of(input.sizes()) + " does not fit.",
                "The network takes " + text_of(wanted) + ".");
}

}  // namespace inference_exp::torch_backend
