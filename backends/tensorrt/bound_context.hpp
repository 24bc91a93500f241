// An execution context that remembers what it was told, so that a run like the last one sets nothing again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda/resources.hpp"
#include "ports.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// Destroys what TensorRT made with the device's context current.
struct DeleteInContext {
  const cuda::Context* context = nullptr;
  template <typename T>
  void operator()(T* object) const noexcept {
    try {
      const cuda::ContextScope current(*context);
      delete object;
    } catch (...) {  // the driver is gone, at the end of the process
      delete object;
    }
  }
};
template <typename T>
using InContext = std::unique_ptr<T, DeleteInContext>;

/// What tells one run from another: where it reads, where it writes, and in which shapes.
struct RunKey {
  std::int32_t profile = 0;
  std::vector<Dimensions> input_shapes;
  std::vector<void*> inputs;   ///< addresses in device memory
  std::vector<void*> outputs;  ///< likewise
  friend bool operator==(const RunKey&, const RunKey&) = default;
};

/// The device's context must be current around every call. Not thread-safe. Work that it queued must be done before it
/// is destroyed.
class BoundContext {
 public:
  /// Takes the device memory that a context of `engine` needs. Throws IEXP_ERROR_DEVICE_MEMORY where there is too
  /// little of it.
  BoundContext(Engine& engine, const Ports& ports, const cuda::Context& context);

  /// Chooses the profile and shapes of `key`. Afterwards output_shapes() are known; -1 where they depend on the data.
  void set_shapes(const RunKey& key, cuda::StreamHandle stream);
  [[nodiscard]] const std::vector<Dimensions>& output_shapes() const noexcept { return output_shapes_; }
  void set_addresses(const RunKey& key);
  /// Queues one run with what was set.
  void enqueue(cuda::StreamHandle stream);
  /// Everything is set again at the next run: after a failure nobody knows what the context holds.
  void forget() noexcept;

 private:
  void read_output_shapes();
  void set_address(const Port& port, void*& known, void* wanted);

  const Ports& ports_;
  InContext<ExecutionContext> context_;
  std::optional<std::int32_t> profile_;
  std::vector<Dimensions> input_shapes_;   ///< empty: not set
  std::vector<Dimensions> output_shapes_;  ///< empty: not known
  std::vector<void*> inputs_;
  std::vector<void*> outputs_;
};

}  // namespace inference_exp::tensorrt
