#include "weights.hpp"

#include <ATen/ATen.h>

#include "common/failure.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr std::size_t kListedProblems = 20;
constexpr const char* kHint = "The file holds another model, another size of it, or a part of it. Get the right one.";

std::string text_of(at::IntArrayRef shape) {
  std::string text = "[";
  for (const std::int64_t dim : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

}  // namespace

std::int64_t Weights::dim(std::string_view name, std::size_t axis) const {
  const std::optional<std::vector<std::int64_t>> shape = source_.shape(name);
  if (!shape) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "The tensor \"" + std::string(name) + "\" is missing.", kHint);
  }
  if (axis >= shape->size() || (*shape)[axis] < 1) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                  "The tensor \"" + std::string(name) + "\" has the shape " + text_of(*shape) + ".", kHint);
  }
  return (*shape)[axis];
}

std::int64_t Weights::count(std::string_view prefix, std::string_view suffix) const {
  std::int64_t number = 0;
  while (has(std::string(prefix) + std::to_string(number) + std::string(suffix))) ++number;
  return number;
}

at::Tensor Weights::take(std::string_view name, std::initializer_list<std::int64_t> shape) {
  const at::IntArrayRef expected(shape.begin(), shape.size());
  const auto options = at::TensorOptions().dtype(placement_.dtype).device(placement_.device);
  const std::optional<std::vector<std::int64_t>> found = source_.shape(name);
  if (!found || at::IntArrayRef(*found) != expected) {
    problems_.push_back(
        std::string(name) +
        (found ? " has the shape " + text_of(*found) + " instead of " : " is missing; its shape would be ") +
        text_of(expected));
    return at::empty(expected, options.device(at::kMeta));
  }
  if (placement_.device.is_meta()) return at::empty(expected, options);
  const at::Tensor stored = source_.read(name);
  at::Tensor owned = at::empty(expected, options);
  owned.copy_(stored);
  source_.forget(name);
  return owned;
}

void Weights::finish() const {
  if (problems_.empty()) return;
  std::string text = std::to_string(problems_.size()) + " tensors do not fit the network: ";
  for (std::size_t i = 0; i < problems_.size() && i < kListedProblems; ++i) {
    if (i > 0) text += "; ";
    text += problems_[i];
  }
  if (problems_.size() > kListedProblems) text += "; and more";
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, text + ".", kHint);
}

}  // namespace inference_exp::torch_backend
