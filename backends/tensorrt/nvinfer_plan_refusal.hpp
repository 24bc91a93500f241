// Why TensorRT refused a plan, read from its words: it has no codes for these reasons.
#pragma once

#include <string>

#include "nvinfer_reports.hpp"

namespace inference_exp::tensorrt {

/// Throws IEXP_ERROR_ENVIRONMENT for a plan of another version of TensorRT or another GPU, or one with host code where
/// that is not allowed, IEXP_ERROR_DEVICE_MEMORY where memory ran out, else IEXP_ERROR_CORRUPTED_PACKAGE.
/// `library_version` is that of this machine's TensorRT.
[[noreturn]] void throw_refused_plan(const Reports& reports, const std::string& library_version);

}  // namespace inference_exp::tensorrt
