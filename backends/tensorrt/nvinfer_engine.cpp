#include "nvinfer_engine.hpp"

#include <string>
#include <utility>
#include <vector>

#include "common/failure.hpp"
#include "nvinfer_headers.hpp"
#include "nvinfer_plan_refusal.hpp"
#include "nvinfer_reports.hpp"

namespace inference_exp::tensorrt {

namespace {

using nvinfer1::ICudaEngine;
using nvinfer1::OptProfileSelector;

/// The engine goes first; both go when the last of Engine and its contexts does.
struct Deserialized {
  std::unique_ptr<nvinfer1::IRuntime> runtime;
  std::unique_ptr<ICudaEngine> engine;
};

void require_done(bool done, const Reports& reports, const std::string& what) {
  if (!done) reports.throw_failure(what);
}

class NvContext final : public ExecutionContext {
 public:
  explicit NvContext(std::shared_ptr<const Deserialized> engine) : engine_(std::move(engine)) {
    const Reports reports;
    context_.reset(engine_->engine->createExecutionContext());
    require_done(context_ != nullptr, reports, "An execution context cannot be made");
  }

  void set_profile(std::int32_t profile, cuda::StreamHandle stream) override {
    const Reports reports;
    require_done(context_->setOptimizationProfileAsync(profile, stream), reports,
                 "The optimisation profile " + std::to_string(profile) + " cannot be used");
  }

  void set_input_shape(const std::string& name, std::span<const std::int64_t> shape) override {
    const Reports reports;
    require_done(context_->setInputShape(name.c_str(), dims_of(shape)), reports,
                 "The shape of \"" + name + "\" cannot be set");
  }

  [[nodiscard]] Dimensions shape(const std::string& name) const override {
    const Reports reports;
    const nvinfer1::Dims dims = context_->getTensorShape(name.c_str());
    require_done(dims.nbDims >= 0, reports, "The shape of \"" + name + "\" is not known");
    return dimensions_of(dims);
  }

  void set_address(const std::string& name, void* device_memory) override {
    const Reports reports;
    require_done(context_->setTensorAddress(name.c_str(), device_memory), reports,
                 "The memory of \"" + name + "\" cannot be used");
  }

  void enqueue(cuda::StreamHandle stream) override {
    const Reports reports;
    require_done(context_->enqueueV3(stream), reports, "The network cannot run");
  }

 private:
  std::shared_ptr<const Deserialized> engine_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_{};
};

class NvEngine final : public Engine {
 public:
  explicit NvEngine(std::shared_ptr<const Deserialized> deserialized) : deserialized_(std::move(deserialized)) {}

  [[nodiscard]] std::vector<IoTensor> io() const override {
    const Reports reports;
    std::vector<IoTensor> tensors;
    const std::int32_t count = engine().getNbIOTensors();
    for (std::int32_t i = 0; i < count; ++i) {
      const char* name = engine().getIOTensorName(i);
      require_done(name != nullptr, reports, "The engine's inputs and outputs cannot be listed");
      tensors.push_back(describe(name));
    }
    return tensors;
  }

  [[nodiscard]] std::int32_t profile_count() const override { return engine().getNbOptimizationProfiles(); }
  [[nodiscard]] std::size_t context_memory() const override { return engine().getDeviceMemorySize(); }
  [[nodiscard]] std::unique_ptr<ExecutionContext> create_context() override {
    return std::make_unique<NvContext>(deserialized_);
  }

 private:
  [[nodiscard]] ICudaEngine& engine() const { return *deserialized_->engine; }

  [[nodiscard]] IoTensor describe(const char* name) const {
    IoTensor tensor{.name = name,
                    .is_input = engine().getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT,
                    .type = element_type_of(engine().getTensorDataType(name)),
                    .shape = dimensions_of(engine().getTensorShape(name)),
                    .on_host = engine().getTensorLocation(name) == nvinfer1::TensorLocation::kHOST,
                    .linear = is_linear(name),
                    .profiles = {}};
    if (!tensor.is_input || tensor.on_host) return tensor;
    for (std::int32_t profile = 0; profile < profile_count(); ++profile) {
      tensor.profiles.push_back({.min = profile_shape(tensor, profile, OptProfileSelector::kMIN),
                                 .opt = profile_shape(tensor, profile, OptProfileSelector::kOPT),
                                 .max = profile_shape(tensor, profile, OptProfileSelector::kMAX)});
    }
    return tensor;
  }

  [[nodiscard]] bool is_linear(const char* name) const {
    for (std::int32_t profile = 0; profile < profile_count(); ++profile) {
      if (engine().getTensorFormat(name, profile) != nvinfer1::TensorFormat::kLINEAR) return false;
    }
    return true;
  }

  /// Of a fixed input, its own shape, in whatever profile.
  [[nodiscard]] Dimensions profile_shape(const IoTensor& tensor, std::int32_t profile,
                                         OptProfileSelector selector) const {
    const nvinfer1::Dims dims = engine().getProfileShape(tensor.name.c_str(), profile, selector);
    return dims.nbDims >= 0 ? dimensions_of(dims) : tensor.shape;
  }

  std::shared_ptr<const Deserialized> deserialized_;
};

}  // namespace

std::unique_ptr<Engine> deserialize_engine(const NvInfer& library, std::span<const std::byte> plan,
                                           bool host_code_allowed) {
  const Reports reports;
  auto deserialized = std::make_shared<Deserialized>();
  // A runtime of its own, since what it allows holds for all that it reads.
  deserialized->runtime.reset(
      static_cast<nvinfer1::IRuntime*>(library.create_runtime(&logger(), library.spoken_version)));
  require_done(deserialized->runtime != nullptr, reports, "TensorRT's runtime cannot be started");
  deserialized->runtime->setErrorRecorder(&error_recorder());
  deserialized->runtime->setEngineHostCodeAllowed(host_code_allowed);
  deserialized->engine.reset(deserialized->runtime->deserializeCudaEngine(plan.data(), plan.size()));
  if (deserialized->engine == nullptr) throw_refused_plan(reports, library.version);
  return std::make_unique<NvEngine>(std::move(deserialized));
}

}  // namespace inference_exp::tensorrt
