// IBuilder and what it makes: networks, configurations, profiles, timing caches, plans.
#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "backends/tensorrt/nvinfer/stand_in_parts.hpp"
#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::test {

using nvinfer1::Dims;
using nvinfer1::ErrorCode;
using nvinfer1::OptProfileSelector;
using tensorrt::IoTensor;

namespace {

constexpr std::string_view kCacheMark = "timing cache of the stand-in";

class Tensor final : public nvinfer1::ITensor, public nvinfer1::apiv::VTensorDefaults {
 public:
  Tensor(const char* name, nvinfer1::DataType type, const Dims& dims) : name_(name), type_(type), dims_(dims) {
    mImpl = this;
  }
  [[nodiscard]] const char* getName() const noexcept override { return name_.c_str(); }
  [[nodiscard]] Dims getDimensions() const noexcept override { return dims_; }
  [[nodiscard]] nvinfer1::DataType getType() const noexcept override { return type_; }

 private:
  std::string name_;
  nvinfer1::DataType type_;
  Dims dims_;
};

/// Its name is the whole text of the file that the parser read.
class Network final : public nvinfer1::INetworkDefinition, public nvinfer1::apiv::VNetworkDefinitionDefaults {
 public:
  explicit Network(std::shared_ptr<int> builder) : lifetime_("INetworkDefinition", std::move(builder)) { mImpl = this; }
  nvinfer1::ITensor* addInput(const char* name, nvinfer1::DataType type, const Dims& dims) noexcept override {
    return inputs_.emplace_back(std::make_unique<Tensor>(name, type, dims)).get();
  }
  [[nodiscard]] std::int32_t getNbInputs() const noexcept override { return static_cast<std::int32_t>(inputs_.size()); }
  [[nodiscard]] nvinfer1::ITensor* getInput(std::int32_t index) const noexcept override {
    return inputs_.at(static_cast<std::size_t>(index)).get();
  }
  void setName(const char* name) noexcept override { name_ = name; }
  [[nodiscard]] const char* getName() const noexcept override { return name_.c_str(); }

 private:
  std::vector<std::unique_ptr<Tensor>> inputs_{};
  std::string name_{};
  Lifetime lifetime_;
};

class Profile final : public nvinfer1::IOptimizationProfile, public nvinfer1::apiv::VOptimizationProfileDefaults {
 public:
  Profile() { mImpl = this; }
  bool setDimensions(const char* input, OptProfileSelector selector, const Dims& dims) noexcept override {
    if (nv_switches().fails("setDimensions", {})) return false;
    shapes_[input].at(static_cast<std::size_t>(selector)) = shape_of(dims);
    return true;
  }
  /// Of the input; none where nothing was set for it.
  [[nodiscard]] std::optional<tensorrt::ProfileShapes> shapes(const std::string& input) const {
    const auto found = shapes_.find(input);
    if (found == shapes_.end()) return std::nullopt;
    return tensorrt::ProfileShapes{.min = found->second[0], .opt = found->second[1], .max = found->second[2]};
  }

 private:
  std::map<std::string, std::array<std::vector<std::int64_t>, 3>> shapes_{};
};

class TimingCache final : public nvinfer1::ITimingCache, public nvinfer1::apiv::VTimingCacheDefaults {
 public:
  explicit TimingCache(std::string text) : text_(std::move(text)) { mImpl = this; }
  [[nodiscard]] nvinfer1::IHostMemory* serialize() const noexcept override {
    return std::make_unique<HostMemory>(std::string(kCacheMark) + text_ + "+").release();
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  Lifetime lifetime_{"ITimingCache"};
};

class Config final : public nvinfer1::IBuilderConfig, public nvinfer1::apiv::VBuilderConfigDefaults {
 public:
  Config(ErrorSink sink, std::shared_ptr<int> builder) : sink_(sink), lifetime_("IBuilderConfig", std::move(builder)) {
    mImpl = this;
  }

  void setMemoryPoolLimit(nvinfer1::MemoryPoolType pool, std::size_t size) noexcept override {
    if (pool == nvinfer1::MemoryPoolType::kWORKSPACE) workspace_ = size;
  }
  void setFlag(nvinfer1::BuilderFlag flag) noexcept override { flags_.push_back(static_cast<int>(flag)); }
  void setHardwareCompatibilityLevel(nvinfer1::HardwareCompatibilityLevel level) noexcept override {
    hardware_level_ = static_cast<int>(level);
  }
  std::int32_t addOptimizationProfile(const nvinfer1::IOptimizationProfile* profile) noexcept override {
    if (nv_switches().fails("addOptimizationProfile", sink_)) return -1;
    profile_ = static_cast<const Profile*>(profile);
    return 0;
  }
  bool setCalibrationProfile(const nvinfer1::IOptimizationProfile* profile) noexcept override {
    calibration_profile_ = static_cast<const Profile*>(profile);
    return true;
  }
  void setInt8Calibrator(nvinfer1::IInt8Calibrator* calibrator) noexcept override { calibrator_ = calibrator; }
  void setProgressMonitor(nvinfer1::IProgressMonitor* monitor) noexcept override { monitor_ = monitor; }

  [[nodiscard]] nvinfer1::ITimingCache* createTimingCache(const void* blob, std::size_t size) const noexcept override {
    const std::string_view text(static_cast<const char*>(blob), size);
    if (size > 0 && !text.starts_with(kCacheMark)) {
      sink_.report(ErrorCode::kINVALID_ARGUMENT, "this is no timing cache");
      return nullptr;
    }
    return std::make_unique<TimingCache>(std::string(text.substr(size > 0 ? kCacheMark.size() : 0))).release();
  }
  /// A cache with a question mark in it is of another GPU.
  bool setTimingCache(const nvinfer1::ITimingCache& cache, bool ignore_mismatch) noexcept override {
    const auto& set = static_cast<const TimingCache&>(cache);
    if (!ignore_mismatch && set.text().find('?') != std::string::npos) return false;
    timing_cache_ = &set;
    return true;
  }
  [[nodiscard]] const nvinfer1::ITimingCache* getTimingCache() const noexcept override { return timing_cache_; }

  [[nodiscard]] const Profile* profile() const noexcept { return profile_; }
  [[nodiscard]] const Profile* calibration_profile() const noexcept { return calibration_profile_; }
  [[nodiscard]] nvinfer1::IInt8Calibrator* calibrator() const noexcept { return calibrator_; }
  [[nodiscard]] nvinfer1::IProgressMonitor* monitor() const noexcept { return monitor_; }

  void describe(std::map<std::string, std::string>& build) const {
    std::string flags;
    for (const int flag : flags_) flags += (flags.empty() ? "" : " ") + std::to_string(flag);
    build["flags"] = flags;
    build["workspace_bytes"] = std::to_string(workspace_);
    build["hardware_level"] = std::to_string(hardware_level_);
    build["timing_cache"] = timing_cache_ != nullptr ? timing_cache_->text() : "none";
  }

 private:
  ErrorSink sink_;
  std::size_t workspace_ = 0;
  std::vector<int> flags_{};
  int hardware_level_ = 0;
  const Profile* profile_ = nullptr;
  const Profile* calibration_profile_ = nullptr;
  nvinfer1::IInt8Calibrator* calibrator_ = nullptr;
  nvinfer1::IProgressMonitor* monitor_ = nullptr;
  const TimingCache* timing_cache_ = nullptr;
  Lifetime lifetime_;
};

/// A phase within another, as TensorRT's nest; true unless the build is to stop.
bool walk_phases(nvinfer1::IProgressMonitor& monitor) {
  constexpr std::int32_t kSteps = 3;
  monitor.phaseStart("Building Engine", nullptr, kSteps);
  bool go_on = true;
  for (std::int32_t step = 0; step < kSteps && go_on; ++step) {
    monitor.phaseStart("Timing tactics", "Building Engine", 2);
    go_on = monitor.stepComplete("Timing tactics", 0) && monitor.stepComplete("Timing tactics", 1);
    monitor.phaseFinish("Timing tactics");
    go_on = monitor.stepComplete("Building Engine", step) && go_on;
  }
  monitor.phaseFinish("Building Engine");
  return go_on;
}

double sum_of(void* memory, std::size_t count) {
  const std::byte* data =
      stand_in_driver_in_use()->device_memory(reinterpret_cast<std::uintptr_t>(memory), count * sizeof(float));
  std::vector<float> values(count);
  if (data != nullptr) std::memcpy(values.data(), data, count * sizeof(float));
  return std::accumulate(values.begin(), values.end(), 0.0);
}

void calibrate(const Config& config, const Network& network, std::map<std::string, std::string>& build) {
  nvinfer1::IInt8Calibrator& calibrator = *config.calibrator();
  const char* name = network.getInput(0)->getName();
  std::vector<std::int64_t> shape = shape_of(network.getInput(0)->getDimensions());
  if (config.calibration_profile() != nullptr) {
    shape = config.calibration_profile()->shapes(name).value().opt;
    for (const std::int64_t dim : shape) build["calibration_shape"] += std::to_string(dim) + " ";
  }
  std::size_t cached = 0;
  if (calibrator.readCalibrationCache(cached) != nullptr || calibrator.getBatchSize() != shape.at(0)) {
    nv_switches().violate("calibration with an old cache or another batch size");
  }
  const auto count =
      static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
  int batches = 0;
  double sum = 0;
  void* binding = nullptr;
  for (; calibrator.getBatch(&binding, &name, 1); ++batches) sum += sum_of(binding, count);
  const char* other = "another input";
  if (calibrator.getBatch(&binding, &other, 1)) nv_switches().violate("a batch for an input that is not there");
  calibrator.writeCalibrationCache("ranges", 6);
  build["calibration_batches"] = std::to_string(batches);
  build["calibration_sum"] = std::to_string(sum);
}

class Builder final : public nvinfer1::IBuilder, public nvinfer1::apiv::VBuilderDefaults {
 public:
  explicit Builder(nvinfer1::ILogger& logger) : sink_{.logger = &logger, .recorder = nullptr} { mImpl = this; }

  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { sink_.recorder = recorder; }
  nvinfer1::INetworkDefinition* createNetworkV2(nvinfer1::NetworkDefinitionCreationFlags /*flags*/) noexcept override {
    if (nv_switches().fails("createNetworkV2", sink_)) return nullptr;
    return std::make_unique<Network>(lifetime_.children()).release();
  }
  nvinfer1::IBuilderConfig* createBuilderConfig() noexcept override {
    if (nv_switches().fails("createBuilderConfig", sink_)) return nullptr;
    return std::make_unique<Config>(sink_, lifetime_.children()).release();
  }
  nvinfer1::IOptimizationProfile* createOptimizationProfile() noexcept override {
    if (nv_switches().fails("createOptimizationProfile", sink_)) return nullptr;
    return profiles_.emplace_back(std::make_unique<Profile>()).get();
  }

  nvinfer1::IHostMemory* buildSerializedNetwork(nvinfer1::INetworkDefinition& network,
                                                nvinfer1::IBuilderConfig& config) noexcept override {
    const auto& settings = static_cast<const Config&>(config);
    StandInPlan plan = parse_onnx(static_cast<const Network&>(network).getName());
    plan.version = std::to_string(nv_switches().version() / 10000) + "." +
                   std::to_string(nv_switches().version() % 10000 / 100) + "." +
                   std::to_string(nv_switches().version() % 100) + ".26";
    if (settings.calibrator() != nullptr) calibrate(settings, static_cast<const Network&>(network), plan.build);
    bool done = true;
    std::thread worker(
        [&] { done = walk_phases(*settings.monitor()) && !nv_switches().fails("buildSerializedNetwork", sink_); });
    worker.join();
    if (!done || !set_profiles(plan, settings.profile())) return nullptr;
    settings.describe(plan.build);
    return std::make_unique<HostMemory>(plan_text(plan)).release();
  }

 private:
  [[nodiscard]] bool set_profiles(StandInPlan& plan, const Profile* profile) const {
    for (IoTensor& tensor : plan.io) {
      if (!tensor.is_input) continue;
      const auto shapes = profile != nullptr ? profile->shapes(tensor.name) : std::nullopt;
      const bool dynamic = std::ranges::find(tensor.shape, -1) != tensor.shape.end();
      if (dynamic && !shapes) {
        sink_.report(ErrorCode::kINVALID_CONFIG, "Network has dynamic inputs, but no optimization profile.");
        return false;
      }
      tensor.profiles = {shapes.value_or(tensorrt::ProfileShapes{tensor.shape, tensor.shape, tensor.shape})};
    }
    return true;
  }

  ErrorSink sink_;
  std::vector<std::unique_ptr<Profile>> profiles_{};
  Lifetime lifetime_{"IBuilder"};
};

}  // namespace

nvinfer1::IBuilder* make_builder(nvinfer1::ILogger& logger) {
  if (nv_switches().fails("createInferBuilder", {.logger = &logger, .recorder = nullptr})) return nullptr;
  return std::make_unique<Builder>(logger).release();
}

}  // namespace inference_exp::test
