// LibTorch itself: what it is, what it can do here, and its threads.
#pragma once

#include <c10/util/Exception.h>

#include <string>

namespace inference_exp::torch_backend {

/// Such as "1.13.1".
[[nodiscard]] std::string libtorch_version();
/// The file that LibTorch was loaded from; empty where unknown.
[[nodiscard]] std::string libtorch_path();
/// The library behind matrix products on the CPU ("OpenBLAS", "MKL", "reference BLAS"): it decides the speed there.
[[nodiscard]] std::string blas_name();
[[nodiscard]] int cuda_device_count() noexcept;

/// Has the calling thread's work shared by so many threads from now on.
void use_threads(int count);

/// OpenBLAS does not heed LibTorch's number and has one for the process: it becomes the largest that any session asked
/// for, so that sessions with different numbers don't change it under each other.
void allow_blas_threads(int count);

/// As a Failure without the stack trace, which helps nobody who reads it.
[[noreturn]] void rethrow(const c10::Error& error);

}  // namespace inference_exp::torch_backend
