// Graphs, modules and kernels of the stand-in driver.
#include <cstring>

#include "support/cuda/stand_in_machine.hpp"

namespace inference_exp::test {

namespace {

/// The arguments of a launch, copied.
class Arguments {
 public:
  Arguments(const std::vector<std::size_t>& sizes, void* const* parameters) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      values_.emplace_back((sizes[i] + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
      std::memcpy(values_.back().data(), parameters[i], sizes[i]);
    }
  }
  /// For one run, which may change them.
  [[nodiscard]] std::vector<void*> addresses() {
    std::vector<void*> result;
    for (auto& value : values_) result.push_back(value.data());
    return result;
  }

 private:
  std::vector<std::vector<std::max_align_t>> values_;
};

}  // namespace

int Machine::instantiate(cuda::GraphExecHandle* executable, cuda::GraphHandle graph) {
  const std::scoped_lock lock(tables_);
  std::shared_ptr<const GraphWork> recorded = find(graphs_, graph);
  return recorded != nullptr ? add(executables_, std::move(recorded), executable) : kInvalidHandle;
}

int Machine::launch_graph(cuda::GraphExecHandle executable, cuda::StreamHandle stream) {
  const std::scoped_lock lock(tables_);
  const std::shared_ptr<const GraphWork> recorded = find(executables_, executable);
  const std::shared_ptr<StreamState> state = find_stream(stream);
  if (recorded == nullptr || state == nullptr) return kInvalidHandle;
  return queue(*state, [recorded] {
    for (const Work& work : *recorded) {
      if (const int result = work(); result != 0) return result;
    }
    return 0;
  });
}

int Machine::destroy_executable(cuda::GraphExecHandle executable) { return remove(executables_, executable); }

int Machine::destroy_graph(cuda::GraphHandle graph) { return remove(graphs_, graph); }

int Machine::load_module(cuda::ModuleHandle* module) {
  const std::scoped_lock lock(tables_);
  if (const int refused = refuse_while_capturing(); refused != 0) return refused;
  return add(modules_, std::make_shared<int>(0), module);
}

int Machine::unload_module(cuda::ModuleHandle module) { return remove(modules_, module); }

void Machine::register_kernel(const std::string& name, std::vector<std::size_t> parameter_sizes, HostKernel kernel) {
  const std::scoped_lock lock(tables_);
  kernels_.insert_or_assign(name, KernelState{.parameter_sizes = std::move(parameter_sizes), .run = std::move(kernel)});
}

int Machine::find_function(cuda::FunctionHandle* function, cuda::ModuleHandle module, std::string_view name) {
  const std::scoped_lock lock(tables_);
  if (find(modules_, module) == nullptr) return kInvalidHandle;
  const auto kernel = kernels_.find(name);
  if (kernel == kernels_.end()) return kNotFound;
  const FunctionState state{.module = reinterpret_cast<std::uintptr_t>(module), .kernel = &kernel->second};
  return add(functions_, std::make_shared<FunctionState>(state), function);
}

int Machine::launch_kernel(cuda::FunctionHandle function, const HostLaunch& launch, cuda::StreamHandle stream) {
  const std::scoped_lock lock(tables_);
  const std::shared_ptr<FunctionState> state = find(functions_, function);
  const std::shared_ptr<StreamState> target = find_stream(stream);
  if (state == nullptr || !modules_.contains(state->module) || target == nullptr) return kInvalidHandle;
  for (const unsigned extent :
       {launch.grid[0], launch.grid[1], launch.grid[2], launch.block[0], launch.block[1], launch.block[2]}) {
    if (extent == 0) return cuda::kInvalidValue;
  }
  if (launch.block[0] * launch.block[1] * launch.block[2] > 1024) return cuda::kInvalidValue;
  const KernelState& kernel = *state->kernel;
  if (launch.parameters == nullptr && !kernel.parameter_sizes.empty()) return cuda::kInvalidValue;
  return queue(*target, [run = kernel.run, launch, arguments = Arguments(kernel.parameter_sizes, launch.parameters)] {
    Arguments own = arguments;
    std::vector<void*> addresses = own.addresses();
    HostLaunch now = launch;
    now.parameters = addresses.data();
    run(now);
    return 0;
  });
}

}  // namespace inference_exp::test
