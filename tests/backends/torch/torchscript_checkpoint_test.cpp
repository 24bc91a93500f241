// Archives that LibTorch itself wrote, read as checkpoints: as data.
#include <gmock/gmock.h>

#include <cstring>
#include <vector>

#include "backends/torch/torchscript_modules.hpp"
#include "checkpoint/checkpoint.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::testing {
namespace {

/// Long enough for LibTorch to compress it.
std::string long_code() {
  std::string code = "def forward(self, x):\n";
  for (int i = 0; i < 100; ++i) code += "  x = x + self.weight\n";
  return code + "  return x\n";
}

void expect_weight_is_read(torch::jit::Module module) {
  const TemporaryFolder folder;
  const at::Tensor weight = at::arange(6, at::kFloat).view({2, 3});
  module.register_parameter("weight", weight, false);
  module.define(long_code());
  const auto file = checkpoint::Checkpoint::open(saved(module, folder / "model.pt"));
  EXPECT_EQ(file->format(), checkpoint::Format::torch_script);
  const checkpoint::TensorEntry* entry = file->find("weight");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->shape, (std::vector<std::int64_t>{2, 3}));
  std::vector<float> values(6);
  file->read(*entry, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(std::memcmp(values.data(), weight.data_ptr(), 6 * sizeof(float)), 0);
}

TEST(TorchScriptCheckpoint, WhoseCodeLibTorchCompressedIsRead) {
  expect_weight_is_read(torch::jit::Module("__torch__.net.Net"));
}

TEST(TorchScriptCheckpoint, OfAClassOutsideAnyModuleIsRead) {
  expect_weight_is_read(torch::jit::Module("__torch__.Net"));
}

}  // namespace
}  // namespace inference_exp::testing
