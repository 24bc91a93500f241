#include "cuda_errors.hpp"

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

void throw_failure(const cuda::Error& error) {
  if (error.out_of_memory()) {
    throw Failure(IEXP_ERROR_DEVICE_MEMORY, error.what(),
                  "Use a smaller batch, fewer calls at once, or free memory of the GPU.");
  }
  throw Failure(IEXP_ERROR_MODEL_RUNTIME, error.what());
}

void throw_failure(const cuda::Unavailable& unavailable) {
  throw Failure(IEXP_ERROR_ENVIRONMENT, unavailable.what(),
                "TensorRT needs an NVIDIA GPU and its driver; other backends run on the CPU.");
}

}  // namespace inference_exp::tensorrt
