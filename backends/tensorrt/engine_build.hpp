// Making engine files for this machine from ONNX files.
#pragma once

#include "inference_exp/backend.h"

namespace inference_exp::tensorrt {

/// Builds the engine that `request` (see backend.h) asks for, and writes it to target_path, whole or not at all. Blocks
/// until done. Networks have one input, images as [batch, 3, height, width] of float32 or float16, the latter not for
/// int8. Of batch, height and width, each may be dynamic; then the request says how large it is.
///
/// The timing cache saves time and nothing else: one that cannot be read, is of another TensorRT, or cannot be written
/// at the end is no error.
///
/// Throws backend::Failure: IEXP_ERROR_INVALID_PARAMETER for a request or a network that does not fit these rules,
/// IEXP_ERROR_ENVIRONMENT where the device or the target's folder cannot be used, IEXP_ERROR_CANCELLED once progress()
/// has returned 0, and whatever TensorRT reports (tensorrt.hpp).
void compile_engine(const iexp_compile_request& request);

}  // namespace inference_exp::tensorrt
