#include "nvinfer_builder.hpp"

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "common/failure.hpp"
#include "nvinfer_callbacks.hpp"
#include "nvinfer_headers.hpp"
#include "nvinfer_parsed_network.hpp"
#include "nvinfer_reports.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

namespace {

using nvinfer1::BuilderFlag;
using nvinfer1::IBuilderConfig;
using nvinfer1::IOptimizationProfile;
using nvinfer1::OptProfileSelector;

std::vector<std::byte> bytes_of(const nvinfer1::IHostMemory* memory) {
  if (memory == nullptr) return {};
  const std::span bytes(static_cast<const std::byte*>(memory->data()), memory->size());
  return {bytes.begin(), bytes.end()};
}

/// One build. What is handed to the configuration lives as long as it.
class EngineBuilder {
 public:
  EngineBuilder(const NvInfer& library, CreateParser create_parser, const BuildRequest& request)
      : library_(library),
        request_(request),
        parsed_(library, create_parser, request.onnx_file, reports_),
        progress_(request),
        config_(parsed_.builder().createBuilderConfig()) {
    require_made(config_ != nullptr, "TensorRT cannot make a configuration");
    set_limits();
    set_profile();
    set_precision();
    set_timing_cache();
    config_->setProgressMonitor(&progress_);
  }

  [[nodiscard]] BuiltEngine build() {
    const std::unique_ptr<nvinfer1::IHostMemory> plan(
        parsed_.builder().buildSerializedNetwork(parsed_.network(), *config_));
    progress_.rethrow();
    if (progress_.stopped()) throw Failure(IEXP_ERROR_CANCELLED, "The build of the engine was cancelled.");
    if (calibrator_) calibrator_->rethrow();
    require_made(plan != nullptr, "TensorRT cannot build the engine");
    return {.plan = bytes_of(plan.get()), .timing_cache = serialized_timing_cache()};
  }

 private:
  void require_made(bool made, const char* what) const {
    if (!made) reports_.throw_failure(what);
  }

  void set_limits() {
    if (request_.workspace_bytes > 0) {
      config_->setMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE, request_.workspace_bytes);
    }
    if (request_.version_compatible) config_->setFlag(BuilderFlag::kVERSION_COMPATIBLE);
    if (request_.same_compute_capability) set_compatibility();
  }

  void set_compatibility() {
    constexpr std::int32_t kFirstVersion = 100900;
    // HardwareCompatibilityLevel::kSAME_COMPUTE_CAPABILITY, which the headers of 10.9 brought.
    constexpr auto kSameComputeCapability = static_cast<nvinfer1::HardwareCompatibilityLevel>(2);
    if (library_.version_number < kFirstVersion) {
      throw Failure(IEXP_ERROR_ENVIRONMENT,
                    "An engine for every GPU of one compute capability needs TensorRT 10.9 or later; this is " +
                        library_.version + ".",
                    "Install a later TensorRT, or build the engine for this kind of GPU alone.");
    }
    config_->setHardwareCompatibilityLevel(kSameComputeCapability);
  }

  /// Owned by the builder.
  [[nodiscard]] IOptimizationProfile& new_profile() const {
    IOptimizationProfile* profile = parsed_.builder().createOptimizationProfile();
    require_made(profile != nullptr, "TensorRT cannot make an optimisation profile");
    return *profile;
  }

  void fill(IOptimizationProfile& profile, const std::string& input, const ProfileShapes& shapes) const {
    const bool set = profile.setDimensions(input.c_str(), OptProfileSelector::kMIN, dims_of(shapes.min)) &&
                     profile.setDimensions(input.c_str(), OptProfileSelector::kOPT, dims_of(shapes.opt)) &&
                     profile.setDimensions(input.c_str(), OptProfileSelector::kMAX, dims_of(shapes.max));
    require_made(set, "TensorRT refuses the shapes of the optimisation profile");
  }

  void set_profile() {
    if (request_.profiles.empty()) return;
    IOptimizationProfile& profile = new_profile();
    for (const auto& [input, shapes] : request_.profiles) fill(profile, input, shapes);
    require_made(config_->addOptimizationProfile(&profile) >= 0, "TensorRT refuses the optimisation profile");
  }

  void set_precision() {
    if (request_.precision == Precision::fp32) return;
    // With int8 as well: layers without an int8 kernel need not fall back to fp32.
    config_->setFlag(BuilderFlag::kFP16);
    if (request_.precision == Precision::int8) set_calibration();
  }

  void set_calibration() {
    if (!request_.calibration.next_batch) {
      throw Failure(IEXP_ERROR_INVALID_PARAMETER, "int8 needs images to find the ranges of its numbers.");
    }
    const std::vector<OnnxInput> inputs = parsed_.inputs();
    if (inputs.size() != 1) {
      throw Failure(IEXP_ERROR_INVALID_PARAMETER, "Only networks with one input can be calibrated for int8.");
    }
    const std::string& input = inputs.front().name;
    Dimensions shape = request_.profiles.empty() ? inputs.front().shape : request_.profiles.front().shapes.opt;
    if (!request_.profiles.empty()) {
      shape.front() = request_.calibration.batch_size;
      IOptimizationProfile& profile = new_profile();
      fill(profile, input, {.min = shape, .opt = shape, .max = shape});
      require_made(config_->setCalibrationProfile(&profile), "TensorRT refuses the calibration profile");
    }
    calibrator_.emplace(request_.calibration, input, shape);
    config_->setFlag(BuilderFlag::kINT8);
    config_->setInt8Calibrator(&*calibrator_);
  }

  /// A cache that does not fit this TensorRT or this GPU is left alone, and an empty one filled.
  void set_timing_cache() {
    const auto try_cache = [this](std::span<const std::byte> contents) {
      timing_cache_.reset(config_->createTimingCache(contents.data(), contents.size()));
      return timing_cache_ != nullptr && config_->setTimingCache(*timing_cache_, false);
    };
    if (!request_.timing_cache.empty() && try_cache(request_.timing_cache)) return;
    reports_.clear();  // what was said of it is no reason for what may fail later
    try_cache({});
  }

  [[nodiscard]] std::vector<std::byte> serialized_timing_cache() const {
    const nvinfer1::ITimingCache* cache = config_->getTimingCache();
    if (cache == nullptr) return {};
    const std::unique_ptr<nvinfer1::IHostMemory> contents(cache->serialize());
    return bytes_of(contents.get());
  }

  const NvInfer& library_;
  const BuildRequest& request_;
  Reports reports_{Reports::Listen::always};
  ParsedNetwork parsed_;
  ProgressMonitor progress_;
  std::optional<Calibrator> calibrator_{};
  std::unique_ptr<nvinfer1::ITimingCache> timing_cache_{};
  std::unique_ptr<IBuilderConfig> config_;
};

}  // namespace

std::vector<OnnxInput> read_onnx_inputs(const NvInfer& library, CreateParser create_parser,
                                        const std::string& onnx_file) {
  const Reports reports(Reports::Listen::always);
  return ParsedNetwork(library, create_parser, onnx_file, reports).inputs();
}

BuiltEngine build_onnx_engine(const NvInfer& library, CreateParser create_parser, const BuildRequest& request) {
  return EngineBuilder(library, create_parser, request).build();
}

}  // namespace inference_exp::tensorrt
