// ONNX Runtime as a program uses it that knows nothing else: open a model, run it on one prepared tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "onnxruntime_api.hpp"

class BareSession {
 public:
  BareSession(const std::string& model_path, int threads)
      : environment_(ORT_LOGGING_LEVEL_ERROR), session_(environment_, model_path.c_str(), options(threads)) {
    Ort::AllocatorWithDefaultOptions allocator;
    input_name_ = session_.GetInputNameAllocated(0, allocator).get();
    for (std::size_t i = 0; i < session_.GetOutputCount(); ++i) {
      output_names_.emplace_back(session_.GetOutputNameAllocated(i, allocator).get());
    }
    shape_ = session_.GetInputTypeInfo(0).GetTensorTypeAndShapeInfo().GetShape();
    if (shape_[0] < 1) shape_[0] = 1;
    std::size_t count = 1;
    for (const std::int64_t extent : shape_) count *= static_cast<std::size_t>(extent);
    input_.assign(count, 0.5F);
  }

  void run() {
    const Ort::MemoryInfo memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    const Ort::Value input =
        Ort::Value::CreateTensor<float>(memory, input_.data(), input_.size(), shape_.data(), shape_.size());
    const char* input_name = input_name_.c_str();
    std::vector<const char*> output_names;
    for (const std::string& name : output_names_) output_names.push_back(name.c_str());
    (void)session_.Run(Ort::RunOptions{nullptr}, &input_name, &input, 1, output_names.data(), output_names.size());
  }

 private:
  static Ort::SessionOptions options(int threads) {
    Ort::SessionOptions result;
    result.SetIntraOpNumThreads(threads);
    return result;
  }

  Ort::Env environment_;
  Ort::Session session_;
  std::string input_name_;
  std::vector<std::string> output_names_;
  std::vector<std::int64_t> shape_;
  std::vector<float> input_;
};
