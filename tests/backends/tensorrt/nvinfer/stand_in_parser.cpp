// The stand-in for libnvonnxparser: it reads the "ONNX" files of stand_in_plan.hpp.
#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <nvinfer_defaults.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "backends/tensorrt/stand_in_plan.hpp"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace inference_exp::test {

void unexpected_call(const char* /*function*/) noexcept { std::abort(); }

namespace {

using nvonnxparser::ErrorCode;

class ParserError final : public nvonnxparser::IParserErrorDefaults {
 public:
  ParserError(ErrorCode code, std::string text, std::string node, std::string type)
      : code_(code), text_(std::move(text)), node_(std::move(node)), type_(std::move(type)) {}
  [[nodiscard]] ErrorCode code() const override { return code_; }
  [[nodiscard]] const char* desc() const override { return text_.c_str(); }
  [[nodiscard]] const char* nodeName() const override { return node_.c_str(); }
  [[nodiscard]] const char* nodeOperator() const override { return type_.c_str(); }

 private:
  ErrorCode code_;
  std::string text_;
  std::string node_;
  std::string type_;
};

class Parser final : public nvonnxparser::IParserDefaults {
 public:
  explicit Parser(nvinfer1::INetworkDefinition& network) : network_(network) {}

  bool parseFromFile(const char* file, int /*verbosity*/) noexcept override {
    std::ifstream stream(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    try {
      const StandInPlan plan = parse_onnx(text);
      if (plan.operation != "scale") return refuse(plan);
      for (const tensorrt::IoTensor& tensor : plan.io) add_input(tensor);
      network_.setName(text.c_str());
      return true;
    } catch (const std::exception& exception) {
      errors_.emplace_back(ErrorCode::kMODEL_DESERIALIZE_FAILED, exception.what(), "", "");
      return false;
    }
  }
  [[nodiscard]] int getNbErrors() const noexcept override { return static_cast<int>(errors_.size()); }
  [[nodiscard]] const nvonnxparser::IParserError* getError(int index) const noexcept override {
    return &errors_.at(static_cast<std::size_t>(index));
  }

 private:
  /// One error for each of seven nodes; none at all for an operation without a name.
  bool refuse(const StandInPlan& plan) {
    constexpr int kNodes = 7;
    for (int node = 0; node < kNodes && !plan.operation.empty(); ++node) {
      errors_.emplace_back(ErrorCode::kUNSUPPORTED_NODE, "no importer is registered for it",
                           "node_" + std::to_string(node), plan.operation);
    }
    return false;
  }

  void add_input(const tensorrt::IoTensor& tensor) {
    if (!tensor.is_input) return;
    nvinfer1::Dims dims{};
    dims.nbDims = static_cast<std::int32_t>(tensor.shape.size());
    std::copy(tensor.shape.begin(), tensor.shape.end(), dims.d);
    const bool half = tensor.type == tensorrt::ElementType::f16;
    network_.addInput(tensor.name.c_str(), half ? nvinfer1::DataType::kHALF : nvinfer1::DataType::kFLOAT, dims);
  }

  nvinfer1::INetworkDefinition& network_;
  std::vector<ParserError> errors_{};
};

}  // namespace

}  // namespace inference_exp::test

extern "C" __attribute__((visibility("default"))) void* createNvOnnxParser_INTERNAL(void* network, void* /*logger*/,
                                                                                    int /*version*/) noexcept {
  auto& definition = *static_cast<nvinfer1::INetworkDefinition*>(network);
  return std::make_unique<inference_exp::test::Parser>(definition).release();
}
