// Building engines with NVIDIA's library and its ONNX parser.
#pragma once

#include <string>
#include <vector>

#include "nvinfer_library.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// Library::onnx_inputs and Library::build. `create_parser` comes from open_onnx_parser().
[[nodiscard]] std::vector<OnnxInput> read_onnx_inputs(const NvInfer& library, CreateParser create_parser,
                                                      const std::string& onnx_file);
[[nodiscard]] BuiltEngine build_onnx_engine(const NvInfer& library, CreateParser create_parser,
                                            const BuildRequest& request);

}  // namespace inference_exp::tensorrt
