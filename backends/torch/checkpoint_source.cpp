#include "checkpoint_source.hpp"

#include <ATen/ATen.h>

#include "common/failure.hpp"

namespace inference_exp::torch_backend {

namespace {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return at::kHalf;
    case DType::bf16:
      return at::kBFloat16;
    case DType::f32:
      return at::kFloat;
    case DType::f64:
      return at::kDouble;
    case DType::i8:
      return at::kChar;
    case DType::i16:
      return at::kShort;
    case DType::i32:
      return at::kInt;
    case DType::i64:
      return at::kLong;
    case DType::u8:
      return at::kByte;
    case DType::boolean:
      return at::kBool;
  }
  throw backend::Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "A tensor has an element type that no network takes.");
}

}  // namespace

std::optional<std::vector<std::int64_t>> CheckpointSource::shape(std::string_view name) const {
  const checkpoint::TensorEntry* entry = file_->find(prefix_ + std::string(name));
  if (entry == nullptr) return std::nullopt;
  return entry->shape;
}

at::Tensor CheckpointSource::read(std::string_view name) const {
  const checkpoint::TensorEntry* entry = file_->find(prefix_ + std::string(name));
  if (entry == nullptr) {
    throw backend::Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "The tensor \"" + std::string(name) + "\" is missing.");
  }
  const auto options = at::TensorOptions().dtype(scalar_type(entry->dtype));
  if (const std::span<const std::byte> bytes = file_->view(*entry); !bytes.empty()) {
    // LibTorch knows no read-only tensors; nobody writes to what a source hands out.
    return at::from_blob(const_cast<std::byte*>(bytes.data()), entry->shape, options);
  }
  at::Tensor copy = at::empty(entry->shape, options);
  file_->read(*entry, {static_cast<std::byte*>(copy.data_ptr()), entry->byte_size});
  return copy;
}

void CheckpointSource::forget(std::string_view name) const {
  if (const checkpoint::TensorEntry* entry = file_->find(prefix_ + std::string(name))) file_->forget(*entry);
}

}  // namespace inference_exp::torch_backend
