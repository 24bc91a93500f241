// IRuntime, ICudaEngine and IExecutionContext of the stand-in.
#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "backends/tensorrt/nvinfer/stand_in_parts.hpp"
#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::test {

using nvinfer1::Dims;
using nvinfer1::ErrorCode;
using nvinfer1::OptProfileSelector;
using tensorrt::IoTensor;

namespace {

constexpr Dims kNoShape{.nbDims = -1, .d = {}};

const IoTensor* find_tensor(const StandInPlan& plan, const char* name) {
  const auto found = std::ranges::find(plan.io, name, &IoTensor::name);
  return found != plan.io.end() ? &*found : nullptr;
}

class Context final : public nvinfer1::IExecutionContext, public nvinfer1::apiv::VExecutionContextDefaults {
 public:
  Context(const StandInPlan& plan, ErrorSink sink, std::shared_ptr<int> engine)
      : plan_(plan), sink_(sink), lifetime_("IExecutionContext", std::move(engine)) {
    mImpl = this;
  }

  bool setOptimizationProfileAsync(std::int32_t profile, cudaStream_t /*stream*/) noexcept override {
    if (nv_switches().fails("setOptimizationProfileAsync", sink_)) return false;
    profile_ = static_cast<std::size_t>(profile);
    return true;
  }

  bool setInputShape(const char* name, const Dims& dims) noexcept override {
    const IoTensor* tensor = find_tensor(plan_, name);
    if (nv_switches().fails("setInputShape", sink_) || tensor == nullptr) return false;
    const auto shape = shape_of(dims);
    const tensorrt::ProfileShapes& allowed = tensor->profiles.at(profile_);
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] >= allowed.min.at(i) && shape[i] <= allowed.max.at(i)) continue;
      sink_.report(ErrorCode::kINVALID_ARGUMENT,
                   std::string("the shape of ") + name + " is out of the profile's range");
      return false;
    }
    shapes_[name] = shape;
    return true;
  }

  [[nodiscard]] Dims getTensorShape(const char* name) const noexcept override {
    const IoTensor* tensor = find_tensor(plan_, name);
    if (nv_switches().fails("getTensorShape", sink_) || tensor == nullptr) return kNoShape;
    return nv_dims(resolved(*tensor));
  }

  bool setTensorAddress(const char* name, void* memory) noexcept override {
    if (nv_switches().fails("setTensorAddress", sink_) || find_tensor(plan_, name) == nullptr) return false;
    addresses_[name] = memory;
    return true;
  }

  bool enqueueV3(cudaStream_t stream) noexcept override {
    if (nv_switches().fails("enqueueV3", sink_)) return false;
    const IoTensor& input = plan_.io.at(0);
    const IoTensor& output = plan_.io.at(1);
    const auto shape = resolved(input);
    if (addresses_.size() != plan_.io.size() || std::ranges::find(shape, -1) != shape.end()) {
      nv_switches().violate("enqueueV3 without shapes or memory");
      return false;
    }
    StandInDriver& driver = *stand_in_driver_in_use();
    const auto count = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    return driver.enqueue(stream, [&driver, count, from = addresses_.at(input.name), to = addresses_.at(output.name),
                                   factor = plan_.factor, bias = plan_.bias] {
      return scale(driver, static_cast<std::size_t>(count), from, to, factor, bias);
    }) == 0;
  }

 private:
  static int scale(StandInDriver& driver, std::size_t count, const void* from, void* to, float factor, float bias) {
    const auto at = [&](const void* memory) {
      return driver.device_memory(reinterpret_cast<std::uintptr_t>(memory), count * sizeof(float));
    };
    const std::byte* source = at(from);
    std::byte* target = at(to);
    if (source == nullptr || target == nullptr) return 700;  // CUDA_ERROR_ILLEGAL_ADDRESS
    for (std::size_t i = 0; i < count; ++i) {
      float value = 0;
      std::memcpy(&value, source + i * sizeof(float), sizeof value);
      value = value * factor + bias;
      std::memcpy(target + i * sizeof(float), &value, sizeof value);
    }
    return 0;
  }

  /// With the dynamic dimensions of the first input filled in.
  [[nodiscard]] std::vector<std::int64_t> resolved(const IoTensor& tensor) const {
    std::vector<std::int64_t> shape = tensor.shape;
    const auto known = shapes_.find(plan_.io.at(0).name);
    const bool fixed = std::ranges::find(plan_.data_dependent, tensor.name) != plan_.data_dependent.end();
    if (known == shapes_.end() || fixed) return shape;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] < 0) shape[i] = known->second.at(i);
    }
    return shape;
  }

  const StandInPlan& plan_;
  ErrorSink sink_;
  std::size_t profile_ = 0;
  std::map<std::string, std::vector<std::int64_t>, std::less<>> shapes_{};
  std::map<std::string, void*, std::less<>> addresses_{};
  Lifetime lifetime_;
};

class Engine final : public nvinfer1::ICudaEngine, public nvinfer1::apiv::VCudaEngineDefaults {
 public:
  Engine(StandInPlan plan, ErrorSink sink, std::shared_ptr<int> runtime)
      : plan_(std::move(plan)), sink_(sink), lifetime_("ICudaEngine", std::move(runtime)) {
    mImpl = this;
  }

  nvinfer1::IExecutionContext* createExecutionContext(
      nvinfer1::ExecutionContextAllocationStrategy /*strategy*/) noexcept override {
    if (nv_switches().fails("createExecutionContext", sink_)) return nullptr;
    return std::make_unique<Context>(plan_, sink_, lifetime_.children()).release();
  }

  [[nodiscard]] std::size_t getDeviceMemorySize() const noexcept override { return plan_.context_memory; }
  [[nodiscard]] std::int32_t getNbIOTensors() const noexcept override {
    return static_cast<std::int32_t>(plan_.io.size());
  }
  [[nodiscard]] const char* getIOTensorName(std::int32_t index) const noexcept override {
    if (nv_switches().fails("getIOTensorName", sink_)) return nullptr;
    return plan_.io.at(static_cast<std::size_t>(index)).name.c_str();
  }
  [[nodiscard]] std::int32_t getNbOptimizationProfiles() const noexcept override {
    return static_cast<std::int32_t>(plan_.io.at(0).profiles.size());
  }
  [[nodiscard]] nvinfer1::TensorIOMode getTensorIOMode(const char* name) const noexcept override {
    return tensor(name).is_input ? nvinfer1::TensorIOMode::kINPUT : nvinfer1::TensorIOMode::kOUTPUT;
  }
  [[nodiscard]] nvinfer1::DataType getTensorDataType(const char* name) const noexcept override {
    return nv_type(tensor(name).type);
  }
  [[nodiscard]] Dims getTensorShape(const char* name) const noexcept override { return nv_dims(tensor(name).shape); }
  [[nodiscard]] nvinfer1::TensorLocation getTensorLocation(const char* name) const noexcept override {
    return tensor(name).on_host ? nvinfer1::TensorLocation::kHOST : nvinfer1::TensorLocation::kDEVICE;
  }
  /// A packed layout in the last profile alone, as engines with several profiles may have.
  [[nodiscard]] nvinfer1::TensorFormat getTensorFormatV2(const char* name,
                                                         std::int32_t profile) const noexcept override {
    const bool packed = !tensor(name).linear && profile + 1 == getNbOptimizationProfiles();
    return packed ? nvinfer1::TensorFormat::kCHW4 : nvinfer1::TensorFormat::kLINEAR;
  }
  /// No shape for tensors that are not dynamic.
  [[nodiscard]] Dims getProfileShape(const char* name, std::int32_t profile,
                                     OptProfileSelector selector) const noexcept override {
    const IoTensor& found = tensor(name);
    if (std::ranges::find(found.shape, -1) == found.shape.end()) return kNoShape;
    const tensorrt::ProfileShapes& shapes = found.profiles.at(static_cast<std::size_t>(profile));
    if (selector == OptProfileSelector::kMIN) return nv_dims(shapes.min);
    return nv_dims(selector == OptProfileSelector::kOPT ? shapes.opt : shapes.max);
  }

 private:
  [[nodiscard]] const IoTensor& tensor(const char* name) const { return *find_tensor(plan_, name); }

  StandInPlan plan_;
  ErrorSink sink_;
  Lifetime lifetime_;
};

std::string version_here() {
  const std::int32_t version = nv_switches().version();
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
         std::to_string(version % 100) + ".26";
}

class Runtime final : public nvinfer1::IRuntime, public nvinfer1::apiv::VRuntimeDefaults {
 public:
  explicit Runtime(nvinfer1::ILogger& logger) : sink_{.logger = &logger, .recorder = nullptr} { mImpl = this; }
  ~Runtime() override { Runtime::setErrorRecorder(nullptr); }
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override {
    if (recorder != nullptr) recorder->incRefCount();
    if (sink_.recorder != nullptr) sink_.recorder->decRefCount();
    sink_.recorder = recorder;
  }
  void setEngineHostCodeAllowed(bool allowed) noexcept override { host_code_allowed_ = allowed; }

  nvinfer1::ICudaEngine* deserializeCudaEngine(const void* blob, std::size_t size) noexcept override {
    if (nv_switches().fails("deserializeCudaEngine", sink_)) return nullptr;
    try {
      StandInPlan plan = parse_plan({static_cast<const char*>(blob), size});
      if (!accepts(plan)) return nullptr;
      return std::make_unique<Engine>(std::move(plan), sink_, lifetime_.children()).release();
    } catch (const std::exception& exception) {
      sink_.report(ErrorCode::kUNSPECIFIED_ERROR, exception.what());
      return nullptr;
    }
  }

 private:
  [[nodiscard]] bool accepts(const StandInPlan& plan) const {
    if (!nv_switches().refused_capability().empty()) {
      sink_.report(ErrorCode::kINVALID_CONFIG,
                   "The engine plan file is generated on an incompatible device, expecting compute 8.6 got compute " +
                       nv_switches().refused_capability() + ", please rebuild.");
      return false;
    }
    if (plan.version_compatible && !host_code_allowed_) {
      sink_.report(ErrorCode::kINVALID_STATE, "IRuntime::setEngineHostCodeAllowed(true) was not called.");
      return false;
    }
    if (plan.version_compatible || plan.version == version_here()) return true;
    sink_.report(ErrorCode::kINVALID_CONFIG,
                 "The engine plan file is not compatible with this version of TensorRT, expecting library version " +
                     version_here() + " got " + plan.version + ", please rebuild.");
    return false;
  }

  ErrorSink sink_;
  bool host_code_allowed_ = false;
  Lifetime lifetime_{"IRuntime"};
};

}  // namespace

nvinfer1::IRuntime* make_runtime(nvinfer1::ILogger& logger) {
  if (nv_switches().fails("createInferRuntime", {.logger = &logger, .recorder = nullptr})) return nullptr;
  return std::make_unique<Runtime>(logger).release();
}

}  // namespace inference_exp::test
