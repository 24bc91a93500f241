#include "backends/tensorrt/stand_in_tensorrt.hpp"

#include <memory>
#include <utility>

#include "backends/tensorrt/stand_in_parts.hpp"
#include "common/failure.hpp"

namespace inference_exp::test {

void Switches::fail(std::string_view call, std::int32_t code, int after) {
  const std::scoped_lock lock(mutex_);
  settings_.failures.insert_or_assign(std::string(call), Failing{code, after});
}

void Switches::fail_in_stream(int result, int after) { fail("run", result, after); }

void Switches::refuse_capture(bool refuse) {
  const std::scoped_lock lock(mutex_);
  settings_.refuse_capture = refuse;
}

void Switches::set_version(std::string_view version) {
  const std::scoped_lock lock(mutex_);
  settings_.version = version;
}

int Switches::calls(std::string_view call) const {
  const std::scoped_lock lock(mutex_);
  const auto found = settings_.calls.find(call);
  return found != settings_.calls.end() ? found->second : 0;
}

int Switches::last_profile() const {
  const std::scoped_lock lock(mutex_);
  return settings_.last_profile;
}

int Switches::live_engines() const {
  const std::scoped_lock lock(mutex_);
  return engines_;
}

int Switches::live_contexts() const {
  const std::scoped_lock lock(mutex_);
  return contexts_;
}

std::vector<std::string> Switches::violations() const {
  const std::scoped_lock lock(mutex_);
  return settings_.violations;
}

void Switches::set_build(int steps, int milliseconds_per_step) {
  const std::scoped_lock lock(mutex_);
  settings_.build.steps = steps;
  settings_.build.milliseconds_per_step = milliseconds_per_step;
}

void Switches::fail_build_in(std::string_view phase, std::int32_t code) {
  const std::scoped_lock lock(mutex_);
  settings_.build.failing_phase = phase;
  settings_.build.failing_code = code;
}

void Switches::reset() {
  const std::scoped_lock lock(mutex_);
  settings_ = {};
}

std::int32_t Switches::count(std::string_view call) {
  const std::scoped_lock lock(mutex_);
  ++settings_.calls[std::string(call)];
  const auto failing = settings_.failures.find(call);
  if (failing == settings_.failures.end() || failing->second.after-- > 0) return 0;
  const std::int32_t code = failing->second.code;
  settings_.failures.erase(failing);
  return code;
}

void Switches::enter(std::string_view call) {
  const std::int32_t code = count(call);
  if (code != 0) throw backend::Failure(code, "TensorRT: " + std::string(call) + " was told to fail.");
}

int Switches::enter_run() { return count("run"); }

void Switches::violate(const std::string& rule) {
  const std::scoped_lock lock(mutex_);
  settings_.violations.push_back(rule);
}

void Switches::require_current_context(std::string_view call) {
  cuda::ContextHandle context = nullptr;
  const cuda::Driver& driver = cuda::driver();
  if (driver.ctx_pop_current(&context) != cuda::kSuccess || context == nullptr) {
    violate(std::string(call) + " without a current CUDA context");
    return;
  }
  static_cast<void>(driver.ctx_push_current(context));
}

void Switches::note_profile(int profile) {
  const std::scoped_lock lock(mutex_);
  settings_.last_profile = profile;
}

void Switches::count_engines(int more) {
  const std::scoped_lock lock(mutex_);
  engines_ += more;
}

void Switches::count_contexts(int more) {
  const std::scoped_lock lock(mutex_);
  contexts_ += more;
}

bool Switches::refuses_capture() const {
  const std::scoped_lock lock(mutex_);
  return settings_.refuse_capture;
}

std::string Switches::version() const {
  const std::scoped_lock lock(mutex_);
  return settings_.version;
}

BuildSettings Switches::build_settings() const {
  const std::scoped_lock lock(mutex_);
  return settings_.build;
}

Switches& switches() {
  // Never destroyed: sessions of static objects may outlive what is destroyed at exit.
  static Switches& instance = *std::make_unique<Switches>().release();
  return instance;
}

}  // namespace inference_exp::test

namespace inference_exp::tensorrt {

namespace {

class StandInLibrary final : public Library {
 public:
  [[nodiscard]] std::string version() const override { return test::switches().version(); }
  [[nodiscard]] std::string path() const override { return "/opt/stand-in/libnvinfer.so.10"; }
  [[nodiscard]] std::unique_ptr<Engine> deserialize(std::span<const std::byte> plan, bool host_code_allowed) override {
    test::switches().enter("deserialize");
    test::switches().require_current_context("deserialize");
    return test::make_stand_in_engine(plan, host_code_allowed);
  }
  [[nodiscard]] std::vector<OnnxInput> onnx_inputs(const std::string& onnx_file) override {
    test::switches().enter("onnx_inputs");
    return test::stand_in_onnx_inputs(onnx_file);
  }
  [[nodiscard]] BuiltEngine build(const BuildRequest& request) override {
    test::switches().enter("build");
    test::switches().require_current_context("build");
    return test::build_stand_in_engine(request);
  }
};

}  // namespace

Library& library() {
  test::switches().enter("library");
  static Library& instance = *std::make_unique<StandInLibrary>().release();
  return instance;
}

}  // namespace inference_exp::tensorrt

extern "C" __attribute__((visibility("default"))) inference_exp::test::StandInTensorRt* stand_in_tensorrt_switches() {
  return &inference_exp::test::switches();
}
