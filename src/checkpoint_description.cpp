#include <utility>

#include "checkpoint/checkpoint.hpp"
#include "inference_exp/checkpoint.hpp"

namespace inference_exp {

CheckpointDescription describe_checkpoint(const std::filesystem::path& file) {
  const auto opened = checkpoint::Checkpoint::open(file);
  CheckpointDescription description;
  description.format = checkpoint::format_name(opened->format());
  for (const checkpoint::TensorEntry& tensor : opened->tensors()) {
    description.tensors.push_back({tensor.name, std::string(dtype_name(tensor.dtype)), tensor.shape, tensor.byte_size});
    description.bytes += tensor.byte_size;
  }
  // Texts in the file may be anything; what is no UTF-8 becomes U+FFFD.
  description.data = opened->data().dump(-1, ' ', false, Json::error_handler_t::replace);
  return description;
}

}  // namespace inference_exp
