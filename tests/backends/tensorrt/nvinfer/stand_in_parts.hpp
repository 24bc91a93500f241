// Inside the stand-in for libnvinfer: what its classes share.
#pragma once

#include <NvInfer.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <nvinfer_defaults.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/tensorrt/nvinfer/stand_in_nvinfer.hpp"
#include "backends/tensorrt/stand_in_plan.hpp"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace inference_exp::test {

/// Where errors of an object go: to its recorder, or to the logger where it has none.
struct ErrorSink {
  nvinfer1::ILogger* logger = nullptr;
  nvinfer1::IErrorRecorder* recorder = nullptr;
  void report(nvinfer1::ErrorCode code, const std::string& message) const;
};

class NvSwitches final : public StandInNvInfer {
 public:
  void fail(std::string_view call, std::int32_t code, std::string_view message) override;
  void set_version(std::int32_t version) override;
  void refuse_plans_for(std::string_view compute_capability) override;
  [[nodiscard]] std::int32_t requested_version() const override;
  [[nodiscard]] int live_objects() const override;
  [[nodiscard]] std::vector<std::string> violations() const override;
  void reset() override;

  /// Whether `call` is to fail now; then it has reported why.
  [[nodiscard]] bool fails(std::string_view call, const ErrorSink& sink);
  void violate(const std::string& rule);
  void count_objects(int more);
  void request_version(std::int32_t version);
  [[nodiscard]] std::int32_t version() const;
  [[nodiscard]] std::string refused_capability() const;

 private:
  struct Failing {
    std::int32_t code = 0;
    std::string message;
  };
  struct Settings {
    std::map<std::string, Failing, std::less<>> failures{};
    std::vector<std::string> violations{};
    std::int32_t version = 100300;
    std::int32_t requested = 0;
    std::string refused_capability{};
  };
  mutable std::mutex mutex_{};
  Settings settings_{};
  int objects_ = 0;
};

/// The one of this shared object.
[[nodiscard]] NvSwitches& nv_switches();

/// A member of every object: counts it, and notices when it goes before those that it made.
class Lifetime {
 public:
  explicit Lifetime(const char* kind, std::shared_ptr<int> maker = nullptr);
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;
  ~Lifetime();
  /// For what this object makes.
  [[nodiscard]] const std::shared_ptr<int>& children() const noexcept { return children_; }

 private:
  const char* kind_;
  std::shared_ptr<int> maker_;
  std::shared_ptr<int> children_ = std::make_shared<int>(0);
};

/// Bytes that TensorRT hands out.
class HostMemory final : public nvinfer1::IHostMemory, public nvinfer1::apiv::VHostMemoryDefaults {
 public:
  explicit HostMemory(std::string text) : text_(std::move(text)) { mImpl = this; }
  [[nodiscard]] void* data() const noexcept override { return const_cast<char*>(text_.data()); }
  [[nodiscard]] std::size_t size() const noexcept override { return text_.size(); }

 private:
  std::string text_;
  Lifetime lifetime_{"IHostMemory"};
};

[[nodiscard]] nvinfer1::Dims nv_dims(std::span<const std::int64_t> shape);
[[nodiscard]] std::vector<std::int64_t> shape_of(const nvinfer1::Dims& dims);
[[nodiscard]] nvinfer1::DataType nv_type(tensorrt::ElementType type);

/// createInferRuntime_INTERNAL and createInferBuilder_INTERNAL.
[[nodiscard]] nvinfer1::IRuntime* make_runtime(nvinfer1::ILogger& logger);
[[nodiscard]] nvinfer1::IBuilder* make_builder(nvinfer1::ILogger& logger);

}  // namespace inference_exp::test
