// What a caller asks for when an engine is opened.
#pragma once

#include <string>

#include "inference_exp/backend.h"

namespace inference_exp::tensorrt {

struct OpenOptions {
  int device = 0;  ///< CUDA's number of it
  bool host_code_allowed = true;
  bool cuda_graphs = false;
};

/// Reads "", "cuda" and "cuda:<number>"; empty means cuda:0. Throws IEXP_ERROR_ENVIRONMENT for "cpu", and
/// IEXP_ERROR_INVALID_PARAMETER for anything else.
[[nodiscard]] int parse_device(const char* text);

/// Reads the device and the network options "host_code" (allowed, refused) and "cuda_graphs" (on, off). What TensorRT
/// has no use for - execution providers, thread counts, a precision - is IEXP_ERROR_INVALID_PARAMETER.
[[nodiscard]] OpenOptions read_options(const iexp_open_request& request);

/// Throws IEXP_ERROR_ENVIRONMENT unless the driver has the device with this number.
void require_device(int device);

}  // namespace inference_exp::tensorrt
