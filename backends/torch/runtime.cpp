#include "runtime.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/csrc/api/include/torch/version.h>

#include <mutex>

#include "common/failure.hpp"

namespace inference_exp::torch_backend {

namespace {

void* matrix_product() noexcept {
  // LibTorch is loaded with local visibility: only from its own scope can its BLAS be seen.
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info) == 0) return nullptr;
  void* scope = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  return scope != nullptr ? dlsym(scope, "sgemm_") : nullptr;
}

std::string file_of(const void* address) {
  Dl_info info{};
  if (address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  return info.dli_fname;
}

using SetThreads = void (*)(int);

SetThreads openblas_set_threads() noexcept {
  static const SetThreads kFunction = [] {
    const std::string file = file_of(matrix_product());
    void* library = file.empty() ? nullptr : dlopen(file.c_str(), RTLD_NOW | RTLD_NOLOAD);
    return library != nullptr ? reinterpret_cast<SetThreads>(dlsym(library, "openblas_set_num_threads")) : nullptr;
  }();
  return kFunction;
}

}  // namespace

std::string libtorch_version() { return TORCH_VERSION; }

std::string libtorch_path() { return file_of(reinterpret_cast<const void*>(&at::get_num_threads)); }

std::string blas_name() {
  if (at::hasMKL()) return "MKL";
  if (openblas_set_threads() != nullptr) return "OpenBLAS";
  const std::string file = file_of(matrix_product());
  if (file.find("openblas") != std::string::npos) return "OpenBLAS";
  return file.empty() ? "unknown" : "reference BLAS (" + file + ")";
}

int cuda_device_count() noexcept {
  try {
    return at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().getNumGPUs()) : 0;
  } catch (...) {
    return 0;
  }
}

void use_threads(int count) {
  if (at::get_num_threads() != count) at::set_num_threads(count);
}

void allow_blas_threads(int count) {
  static std::mutex mutex;
  static int allowed = 0;
  const std::scoped_lock lock(mutex);
  if (openblas_set_threads() == nullptr || count <= allowed) return;
  openblas_set_threads()(count);
  allowed = count;
}

void rethrow(const c10::Error& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) {
    throw backend::Failure(IEXP_ERROR_DEVICE_MEMORY, std::string("LibTorch: ") + error.what_without_backtrace(),
                           "Use a smaller batch or image size, or free memory of the GPU.");
  }
  throw backend::Failure(IEXP_ERROR_MODEL_RUNTIME, std::string("LibTorch: ") + error.what_without_backtrace());
}

}  // namespace inference_exp::torch_backend
