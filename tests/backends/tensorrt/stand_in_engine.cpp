// Engines of the stand-in: plans that run on the CPU, on the stand-in driver's streams and in its memory.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <functional>
#include <optional>
#include <utility>

#include "backends/tensorrt/stand_in_parts.hpp"
#include "backends/tensorrt/stand_in_run.hpp"
#include "common/failure.hpp"
#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::test {

using backend::Failure;
using tensorrt::Dimensions;
using tensorrt::IoTensor;
using tensorrt::ProfileShapes;

namespace {

class Context final : public tensorrt::ExecutionContext {
 public:
  explicit Context(std::shared_ptr<StandInNetwork> network) : network_(std::move(network)) {
    switches().require_current_context("create_context");
    const cuda::Result result = cuda::driver().mem_alloc(&memory_, network_->plan.context_memory);
    if (result == cuda::kOutOfMemory) {
      throw Failure(IEXP_ERROR_DEVICE_MEMORY, "TensorRT: out of memory while making an execution context.");
    }
    if (result != cuda::kSuccess) refuse_call("an execution context could not be made.");
    ++network_->contexts;
    switches().count_contexts(1);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() override {
    switches().require_current_context("~ExecutionContext");
    static_cast<void>(cuda::driver().mem_free(memory_));
    --network_->contexts;
    switches().count_contexts(-1);
  }

  void set_profile(std::int32_t profile, cuda::StreamHandle /*stream*/) override {
    const Use use(*this, "set_profile");
    if (profile < 0 || static_cast<std::size_t>(profile) >= network_->first_input().profiles.size()) {
      refuse_call("there is no optimization profile " + std::to_string(profile) + ".");
    }
    profile_ = profile;
    shapes_.clear();
  }

  void set_input_shape(const std::string& name, std::span<const std::int64_t> shape) override {
    const Use use(*this, "set_input_shape");
    const IoTensor& tensor = network_->tensor(name);
    const ProfileShapes& allowed = tensor.profiles.at(static_cast<std::size_t>(profile_));
    const bool fits = shape.size() == allowed.min.size() && std::ranges::equal(allowed.min, shape, std::less_equal{}) &&
                      std::ranges::equal(shape, allowed.max, std::less_equal{});
    if (!fits)
      refuse_call("the shape of \"" + name + "\" is outside optimization profile " + std::to_string(profile_) + ".");
    shapes_[name].assign(shape.begin(), shape.end());
  }

  [[nodiscard]] Dimensions shape(const std::string& name) const override {
    const Use use(*this, "shape");
    return shape_of(network_->tensor(name));
  }

  void set_address(const std::string& name, void* device_memory) override {
    const Use use(*this, "set_address");
    static_cast<void>(network_->tensor(name));
    if (reinterpret_cast<std::uintptr_t>(device_memory) % 256 != 0) {
      switches().violate("the address of \"" + name + "\" is not a multiple of 256");
    }
    addresses_[name] = reinterpret_cast<std::uintptr_t>(device_memory);
  }

  void enqueue(cuda::StreamHandle stream) override {
    const Use use(*this, "enqueue");
    switches().require_current_context("enqueue");
    switches().note_profile(profile_);
    if (stream_ && *stream_ != stream) switches().violate("a context was used on two streams");
    stream_ = stream;
    if (switches().refuses_capture() && cuda::driver().stream_synchronize(stream) != cuda::kSuccess) {
      refuse_call("this engine does what is not permitted while a stream is capturing.");
    }
    std::vector<BoundTensor> tensors;
    for (const IoTensor& tensor : network_->plan.io) tensors.push_back(bound(tensor));
    const int result = stand_in_driver_in_use()->enqueue(stream, StandInRun(network_, alive_, std::move(tensors)));
    if (result != cuda::kSuccess)
      refuse_call("the run could not be queued: CUDA error " + std::to_string(result) + ".");
  }

 private:
  /// Notices a second thread inside the context; fails where it was told to.
  class Use {
   public:
    Use(const Context& context, const char* call) : context_(context) {
      if (context_.in_use_.exchange(true)) {
        switches().violate(std::string(call) + " while another thread uses the context");
        refuse_call("the execution context is used by two threads at once.");
      }
      try {
        switches().enter(call);
      } catch (...) {
        context_.in_use_ = false;
        throw;
      }
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { context_.in_use_ = false; }

   private:
    const Context& context_;
  };

  [[nodiscard]] Dimensions shape_of(const IoTensor& tensor) const {
    const auto set = shapes_.find(tensor.name);
    if (set != shapes_.end()) return set->second;
    Dimensions shape = tensor.shape;
    if (tensor.is_input ||
        std::ranges::find(network_->plan.data_dependent, tensor.name) != network_->plan.data_dependent.end()) {
      return shape;
    }
    const Dimensions source = shape_of(network_->first_input());
    for (std::size_t i = 0; i < std::min(shape.size(), source.size()); ++i) {
      if (shape[i] < 0) shape[i] = source[i];
    }
    return shape;
  }

  [[nodiscard]] BoundTensor bound(const IoTensor& tensor) const {
    BoundTensor bound{.tensor = &tensor, .shape = shape_of(tensor), .address = 0};
    if (std::ranges::find(bound.shape, -1) != bound.shape.end()) {
      switches().violate("a run was queued with a dynamic shape in \"" + tensor.name + "\"");
      refuse_call("the shape of \"" + tensor.name + "\" is not set.");
    }
    const auto address = addresses_.find(tensor.name);
    if (address == addresses_.end() || address->second == 0) {
      switches().violate("a run was queued without an address for \"" + tensor.name + "\"");
      refuse_call("the address of \"" + tensor.name + "\" is not set.");
    }
    bound.address = address->second;
    return bound;
  }

  std::shared_ptr<StandInNetwork> network_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);
  cuda::DevicePointer memory_ = 0;
  std::int32_t profile_ = 0;
  std::map<std::string, Dimensions> shapes_;
  std::map<std::string, std::uintptr_t> addresses_;
  std::optional<cuda::StreamHandle> stream_;
  mutable std::atomic<bool> in_use_{false};
};

class Engine final : public tensorrt::Engine {
 public:
  explicit Engine(std::shared_ptr<StandInNetwork> network) : network_(std::move(network)) {
    switches().count_engines(1);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() override {
    switches().require_current_context("~Engine");
    if (network_->contexts != 0) switches().violate("an engine was destroyed before its contexts");
    switches().count_engines(-1);
  }

  [[nodiscard]] std::vector<IoTensor> io() const override { return network_->plan.io; }
  [[nodiscard]] std::int32_t profile_count() const override {
    const auto input = std::ranges::find(network_->plan.io, true, &IoTensor::is_input);
    return input != network_->plan.io.end() ? static_cast<std::int32_t>(input->profiles.size()) : 1;
  }
  [[nodiscard]] std::size_t context_memory() const override { return network_->plan.context_memory; }
  [[nodiscard]] std::unique_ptr<tensorrt::ExecutionContext> create_context() override {
    switches().enter("create_context");
    return std::make_unique<Context>(network_);
  }

 private:
  std::shared_ptr<StandInNetwork> network_;
};

/// Release numbers in order of weight.
std::vector<int> numbers_of(std::string_view version) {
  std::vector<int> numbers;
  while (!version.empty()) {
    const std::size_t dot = version.find('.');
    int number = 0;
    const std::string_view digits = version.substr(0, dot);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    numbers.push_back(number);
    version.remove_prefix(dot == std::string_view::npos ? version.size() : dot + 1);
  }
  return numbers;
}

void check_version(const StandInPlan& plan, bool host_code_allowed) {
  const std::string here = switches().version();
  if (plan.version_compatible && !host_code_allowed) {
    throw Failure(IEXP_ERROR_ENVIRONMENT, "TensorRT: the plan brings host code, which is not allowed.",
                  "Allow host code if the plan comes from where you would take a program.");
  }
  if (plan.version == here) return;
  if (plan.version_compatible && numbers_of(plan.version) < numbers_of(here)) return;
  throw Failure(IEXP_ERROR_ENVIRONMENT,
                "TensorRT: the plan was built with version " + plan.version + ", this is version " + here + ".",
                "Compile the model again on this machine.");
}

}  // namespace

std::unique_ptr<tensorrt::Engine> make_stand_in_engine(std::span<const std::byte> plan, bool host_code_allowed) {
  StandInPlan read;
  try {
    read = parse_plan({reinterpret_cast<const char*>(plan.data()), plan.size()});
  } catch (const std::exception& exception) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, std::string("TensorRT: ") + exception.what());
  }
  check_version(read, host_code_allowed);
  return std::make_unique<Engine>(std::make_shared<StandInNetwork>(std::move(read)));
}

}  // namespace inference_exp::test
