// A network of TensorRT, read from an ONNX file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nvinfer_headers.hpp"
#include "nvinfer_library.hpp"
#include "nvinfer_reports.hpp"

namespace inference_exp::tensorrt {

/// Holds the parser too, which owns the weights.
class ParsedNetwork {
 public:
  /// Throws IEXP_ERROR_CORRUPTED_PACKAGE for a file that is not ONNX, and IEXP_ERROR_MODEL_RUNTIME, naming operators,
  /// for a network that TensorRT cannot run; `reports` is what listens.
  ParsedNetwork(const NvInfer& library, CreateParser create_parser, const std::string& onnx_file,
                const Reports& reports);

  [[nodiscard]] nvinfer1::IBuilder& builder() const { return *builder_; }
  [[nodiscard]] nvinfer1::INetworkDefinition& network() const { return *network_; }
  [[nodiscard]] std::vector<OnnxInput> inputs() const;

 private:
  struct Parser;
  struct DeleteParser {
    void operator()(Parser* parser) const noexcept;
  };
  std::unique_ptr<nvinfer1::IBuilder> builder_{};
  std::unique_ptr<nvinfer1::INetworkDefinition> network_{};
  std::unique_ptr<Parser, DeleteParser> parser_{};
};

}  // namespace inference_exp::tensorrt
