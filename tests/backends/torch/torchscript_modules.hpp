// TorchScript archives, made in the test: written with LibTorch, and then perhaps tampered with.
#pragma once

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/api/module.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace inference_exp::testing {

inline torch::jit::Module script_module(const std::string& code) {
  torch::jit::Module module("__torch__.net.Net");
  module.define(code + "\n");
  return module;
}

/// A YOLO-shaped head for two classes: the picture's mean and a fixed map give [B, 6, anchors], boxes within `size`.
inline torch::jit::Module yolo_module(std::int64_t anchors, double size) {
  torch::jit::Module module("__torch__.net.Net");
  at::manual_seed(7);
  module.register_parameter("grid", at::randn({1, 6, anchors}), false);
  module.register_parameter("scale", at::tensor({size, size, size / 4, size / 4, 1.0, 1.0}, at::kFloat).view({1, 6, 1}),
                            false);
  module.define(R"(
    def forward(self, x):
      brightness = torch.mean(x, [1, 2, 3]).view([-1, 1, 1])
      return torch.sigmoid(self.grid + brightness) * self.scale
  )");
  return module;
}

inline std::filesystem::path saved(const torch::jit::Module& module, const std::filesystem::path& file,
                                   const torch::jit::ExtraFilesMap& extra = {}) {
  module.save(file.string(), extra);
  return file;
}

/// The archive with `from` become `to` in each record whose name ends with `record`; with a sum that is right again.
inline void tamper(const std::filesystem::path& file, std::string_view record, const std::string& from,
                   const std::string& to) {
  const std::filesystem::path copy = file.string() + ".tampered";
  bool found = false;
  {
    caffe2::serialize::PyTorchStreamReader reader(file.string());
    caffe2::serialize::PyTorchStreamWriter writer(copy.string());
    for (const std::string& name : reader.getAllRecords()) {
      const auto [memory, size] = reader.getRecord(name);
      std::string text(static_cast<const char*>(memory.get()), size);
      const std::size_t at = std::string_view(name).ends_with(record) ? text.find(from) : std::string::npos;
      if (at != std::string::npos) text.replace(at, from.size(), to);
      found = found || at != std::string::npos;
      if (name != ".data/version" && name != "version") writer.writeRecord(name, text.data(), text.size());
    }
    writer.writeEndOfFile();
  }
  if (!found) throw std::runtime_error("nothing to tamper with");
  std::filesystem::rename(copy, file);
}

}  // namespace inference_exp::testing
