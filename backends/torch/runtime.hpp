// LibTorch itself: what it is, what it can do here, and its threads.
#pragma once

#include <string>

namespace inference_exp::torch_backend {

/// Such as "1.13.1".
[[nodiscard]] std::string libtorch_version();
/// The file that LibTorch was loaded from; empty where unknown.
[[nodiscard]] std::string libtorch_path();
/// The library behind matrix products on the CPU ("OpenBLAS", "MKL", "reference BLAS"): it decides the speed there.
[[nodiscard]] std::string blas_name();
[[nodiscard]] int cuda_device_count() noexcept;

/// Has the calling thread's work shared by so many threads from now on. LibTorch takes this per thread, OpenBLAS, which
/// does not heed LibTorch's number, for the process.
void use_threads(int count);

}  // namespace inference_exp::torch_backend
