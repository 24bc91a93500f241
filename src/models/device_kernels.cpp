#include "models/device_kernels.hpp"

#include <string>

#include "core/log.hpp"
#include "cuda/resources.hpp"
#include "runtime/device_runner.hpp"

namespace inference_exp::models {
namespace {

void warn(const std::string& problem) { log_warning("Pictures go to and from the GPU by way of the CPU: " + problem); }

}  // namespace

const vision::gpu::Kernels* device_kernels(const runtime::Session& session) {
  if (!runtime::DeviceRunner::serves(session)) return nullptr;
  try {
    const cuda::Context& context = cuda::Context::of_device(*session.cuda_device());
    const vision::gpu::Kernels* kernels = vision::gpu::Kernels::of(context);
    if (kernels == nullptr) warn(vision::gpu::Kernels::problem(context));
    return kernels;
  } catch (const cuda::Unavailable& unavailable) {
    warn(unavailable.what());
  } catch (const cuda::Error& error) {
    warn(error.what());
  }
  return nullptr;
}

}  // namespace inference_exp::models
