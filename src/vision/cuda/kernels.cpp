#include "vision/cuda/kernels.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "vision/cuda/kernel_image.hpp"

namespace inference_exp::vision::gpu {

namespace {

// What is known of one device.
struct LoadedKernels {
  const Kernels* kernels = nullptr;
  std::string problem;
};

struct KernelRegistry {
  std::mutex mutex;
  std::map<int, LoadedKernels> by_device;
  std::vector<std::unique_ptr<Kernels>> all;
};

// Never destroyed: the driver may be gone before the library's own objects are.
KernelRegistry& registry() {
  static KernelRegistry* const instance = std::make_unique<KernelRegistry>().release();
  return *instance;
}

const Kernels& load(KernelRegistry& all, const cuda::Context& context, std::span<const unsigned char> image) {
  const Kernels& kernels = *all.all.emplace_back(std::make_unique<Kernels>(context, image));
  all.by_device[context.index()] = {&kernels, {}};
  return kernels;
}

LoadedKernels find_or_load(const cuda::Context& context) {
  KernelRegistry& all = registry();
  const std::scoped_lock lock(all.mutex);
  if (const auto known = all.by_device.find(context.index()); known != all.by_device.end()) return known->second;
  LoadedKernels found;
  if (kernel_image().empty()) {
    found.problem = "The library was built without CUDA kernels.";
  } else {
    try {
      found.kernels = &load(all, context, kernel_image());
    } catch (const cuda::Error& error) {
      found.problem = "The CUDA kernels cannot be loaded on " + context.name() + ": " + error.what();
    }
  }
  return all.by_device[context.index()] = found;
}

}  // namespace

Kernels::Kernels(const cuda::Context& context, std::span<const unsigned char> image) : module_(context, image) {
  for (std::size_t i = 0; i < kKernelNames.size(); ++i) functions_[i] = module_.function(kKernelNames[i]);
}

const Kernels* Kernels::of(const cuda::Context& context) { return find_or_load(context).kernels; }

std::string Kernels::problem(const cuda::Context& context) { return find_or_load(context).problem; }

const Kernels& Kernels::install(const cuda::Context& context, std::span<const unsigned char> image) {
  KernelRegistry& all = registry();
  const std::scoped_lock lock(all.mutex);
  return load(all, context, image);
}

void Kernels::enqueue(Kernel kernel, const void* work, cuda::Extent grid, cuda::Extent block,
                      cuda::StreamHandle stream) const {
  void* arguments[] = {const_cast<void*>(work)};  // the driver only reads it
  cuda::launch((*this)[kernel], grid, block, stream, arguments);
}

}  // namespace inference_exp::vision::gpu
