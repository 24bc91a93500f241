#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "fuzzing.hpp"

// The input is a whole file of any format. Every tensor of a file that opens is read, as far as memory allows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inference_exp;
  using fuzzing::require;
  constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20U;
  const auto input = std::as_bytes(std::span(data, size));
  fuzzing::allow_refusal<ModelLoadingError>([&] {
    const auto opened = checkpoint::Checkpoint::from_bytes({input.begin(), input.end()});
    std::uint64_t total = 0;
    for (const checkpoint::TensorEntry& tensor : opened->tensors()) {
      require(opened->find(tensor.name) == &tensor);
      require(tensor.byte_size <= size && tensor.byte_size == tensor.element_count * dtype_size(tensor.dtype));
      total += tensor.byte_size;
      if (total > kMostBytes) return;
      std::vector<std::byte> bytes(tensor.byte_size);
      opened->read(tensor, bytes);
      const auto view = opened->view(tensor);
      require(view.empty() || view.size() == bytes.size());
    }
  });
  return 0;
}
