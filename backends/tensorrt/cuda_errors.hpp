// Errors of the CUDA driver as this plug-in's errors.
#pragma once

#include <utility>

#include "cuda/driver.hpp"

namespace inference_exp::tensorrt {

/// IEXP_ERROR_DEVICE_MEMORY where memory ran out, else IEXP_ERROR_MODEL_RUNTIME.
[[noreturn]] void throw_failure(const cuda::Error& error);
/// IEXP_ERROR_ENVIRONMENT: there is no driver, or none that can be used.
[[noreturn]] void throw_failure(const cuda::Unavailable& unavailable);

/// Runs `body`; what the driver throws becomes backend::Failure.
template <typename Body>
decltype(auto) with_cuda_errors(Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const cuda::Error& error) {
    throw_failure(error);
  } catch (const cuda::Unavailable& unavailable) {
    throw_failure(unavailable);
  }
}

}  // namespace inference_exp::tensorrt
