// Engines of NVIDIA's library behind tensorrt.hpp.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "nvinfer_library.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// Library::deserialize.
[[nodiscard]] std::unique_ptr<Engine> deserialize_engine(const NvInfer& library, std::span<const std::byte> plan,
                                                         bool host_code_allowed);

}  // namespace inference_exp::tensorrt
