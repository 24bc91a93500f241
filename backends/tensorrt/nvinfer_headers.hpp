// NVIDIA's headers, for the sources that answer tensorrt.hpp with NVIDIA's library (nvinfer*.cpp), and for no others.
//
// They are compiled with any headers of TensorRT 10 and run with any library of TensorRT 10. For that they call only
// functions that 10.0 has: later releases append to the interfaces, and keep what they call deprecated.
#pragma once

#include <NvInfer.h>
#ifdef TENSORRT_HAS_ONNX_PARSER
#include <NvOnnxParser.h>
#endif

#include <cstdint>
#include <span>

#include "tensorrt.hpp"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace inference_exp::tensorrt {

/// Empty for the negative rank with which TensorRT says that there is no shape.
[[nodiscard]] inline Dimensions dimensions_of(const nvinfer1::Dims& dims) {
  if (dims.nbDims <= 0 || dims.nbDims > nvinfer1::Dims::MAX_DIMS) return {};
  return {dims.d, dims.d + dims.nbDims};
}

/// Throws backend::Failure for more dimensions than TensorRT has.
[[nodiscard]] nvinfer1::Dims dims_of(std::span<const std::int64_t> shape);

[[nodiscard]] ElementType element_type_of(nvinfer1::DataType type) noexcept;

}  // namespace inference_exp::tensorrt
