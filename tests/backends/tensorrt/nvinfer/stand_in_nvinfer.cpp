// The entry points of the stand-in for libnvinfer, and its switches.
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "backends/tensorrt/nvinfer/stand_in_parts.hpp"

namespace inference_exp::test {

void unexpected_call(const char* function) noexcept {
  std::fprintf(stderr, "The stand-in for TensorRT was called with what it does not know: %s\n", function);
  std::abort();
}

void ErrorSink::report(nvinfer1::ErrorCode code, const std::string& message) const {
  if (recorder != nullptr && code != nvinfer1::ErrorCode::kSUCCESS) {
    recorder->reportError(code, message.c_str());
  } else if (logger != nullptr) {
    logger->log(nvinfer1::ILogger::Severity::kERROR, message.c_str());
  }
}

void NvSwitches::fail(std::string_view call, std::int32_t code, std::string_view message) {
  const std::scoped_lock lock(mutex_);
  settings_.failures[std::string(call)] = {.code = code, .message = std::string(message)};
}

void NvSwitches::set_version(std::int32_t version) {
  const std::scoped_lock lock(mutex_);
  settings_.version = version;
}

void NvSwitches::refuse_plans_for(std::string_view compute_capability) {
  const std::scoped_lock lock(mutex_);
  settings_.refused_capability = compute_capability;
}

std::int32_t NvSwitches::requested_version() const {
  const std::scoped_lock lock(mutex_);
  return settings_.requested;
}

int NvSwitches::live_objects() const {
  const std::scoped_lock lock(mutex_);
  return objects_;
}

std::vector<std::string> NvSwitches::violations() const {
  const std::scoped_lock lock(mutex_);
  return settings_.violations;
}

void NvSwitches::reset() {
  const std::scoped_lock lock(mutex_);
  settings_ = {};
}

bool NvSwitches::fails(std::string_view call, const ErrorSink& sink) {
  Failing failing;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = settings_.failures.find(call);
    if (found == settings_.failures.end()) return false;
    failing = found->second;
    settings_.failures.erase(found);
  }
  if (!failing.message.empty()) sink.report(static_cast<nvinfer1::ErrorCode>(failing.code), failing.message);
  return true;
}

void NvSwitches::violate(const std::string& rule) {
  const std::scoped_lock lock(mutex_);
  settings_.violations.push_back(rule);
}

void NvSwitches::count_objects(int more) {
  const std::scoped_lock lock(mutex_);
  objects_ += more;
}

void NvSwitches::request_version(std::int32_t version) {
  const std::scoped_lock lock(mutex_);
  settings_.requested = version;
}

std::int32_t NvSwitches::version() const {
  const std::scoped_lock lock(mutex_);
  return settings_.version;
}

std::string NvSwitches::refused_capability() const {
  const std::scoped_lock lock(mutex_);
  return settings_.refused_capability;
}

NvSwitches& nv_switches() {
  static NvSwitches switches;
  return switches;
}

Lifetime::Lifetime(const char* kind, std::shared_ptr<int> maker) : kind_(kind), maker_(std::move(maker)) {
  nv_switches().count_objects(1);
  if (maker_ != nullptr) ++*maker_;
}

Lifetime::~Lifetime() {
  nv_switches().count_objects(-1);
  if (maker_ != nullptr) --*maker_;
  if (*children_ != 0) nv_switches().violate(std::string(kind_) + " was destroyed before what it made");
}

nvinfer1::Dims nv_dims(std::span<const std::int64_t> shape) {
  nvinfer1::Dims dims{};
  dims.nbDims = static_cast<std::int32_t>(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) dims.d[i] = shape[i];
  return dims;
}

std::vector<std::int64_t> shape_of(const nvinfer1::Dims& dims) { return {dims.d, dims.d + dims.nbDims}; }

nvinfer1::DataType nv_type(tensorrt::ElementType type) {
  using nvinfer1::DataType;
  using tensorrt::ElementType;
  switch (type) {
    case ElementType::f32:
      return DataType::kFLOAT;
    case ElementType::f16:
      return DataType::kHALF;
    case ElementType::bf16:
      return DataType::kBF16;
    case ElementType::i8:
      return DataType::kINT8;
    case ElementType::i32:
      return DataType::kINT32;
    case ElementType::i64:
      return DataType::kINT64;
    case ElementType::u8:
      return DataType::kUINT8;
    case ElementType::boolean:
      return DataType::kBOOL;
    default:
      return DataType::kFP8;
  }
}

}  // namespace inference_exp::test

namespace test = inference_exp::test;

extern "C" {

__attribute__((visibility("default"))) test::StandInNvInfer* stand_in_nvinfer_switches() {
  return &test::nv_switches();
}

__attribute__((visibility("default"))) std::int32_t getInferLibVersion() noexcept {
  return test::nv_switches().version();
}

__attribute__((visibility("default"))) std::int32_t getInferLibBuildVersion() noexcept { return 26; }

__attribute__((visibility("default"))) void* createInferRuntime_INTERNAL(void* logger, std::int32_t version) noexcept {
  test::nv_switches().request_version(version);
  return test::make_runtime(*static_cast<nvinfer1::ILogger*>(logger));
}

__attribute__((visibility("default"))) void* createInferBuilder_INTERNAL(void* logger, std::int32_t version) noexcept {
  test::nv_switches().request_version(version);
  return test::make_builder(*static_cast<nvinfer1::ILogger*>(logger));
}
}
