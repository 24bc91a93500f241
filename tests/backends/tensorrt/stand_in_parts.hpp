// Inside the stand-in TensorRT: its switches as the engine and the builder see them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/tensorrt/stand_in_plan.hpp"
#include "backends/tensorrt/stand_in_tensorrt.hpp"
#include "tensorrt/tensorrt.hpp"

namespace inference_exp::test {

/// What a build is to do.
struct BuildSettings {
  int steps = 4;
  int milliseconds_per_step = 0;
  std::string failing_phase{};
  std::int32_t failing_code = 0;
};

class Switches final : public StandInTensorRt {
 public:
  void fail(std::string_view call, std::int32_t code, int after) override;
  void fail_in_stream(int result, int after) override;
  void refuse_capture(bool refuse) override;
  void set_version(std::string_view version) override;
  [[nodiscard]] int calls(std::string_view call) const override;
  [[nodiscard]] int last_profile() const override;
  [[nodiscard]] int live_engines() const override;
  [[nodiscard]] int live_contexts() const override;
  [[nodiscard]] std::vector<std::string> violations() const override;
  void set_build(int steps, int milliseconds_per_step) override;
  void fail_build_in(std::string_view phase, std::int32_t code) override;
  void reset() override;

  /// Counts the call, and throws where it is to fail.
  void enter(std::string_view call);
  /// Counts a run, and says what the stream is to return.
  [[nodiscard]] int enter_run();
  void violate(const std::string& rule);
  /// A violation unless a CUDA context is current on this thread.
  void require_current_context(std::string_view call);
  void note_profile(int profile);
  void count_engines(int more);
  void count_contexts(int more);
  [[nodiscard]] bool refuses_capture() const;
  [[nodiscard]] std::string version() const;
  [[nodiscard]] BuildSettings build_settings() const;

 private:
  struct Failing {
    std::int32_t code = 0;
    int after = 0;
  };
  struct Settings {
    std::map<std::string, Failing, std::less<>> failures{};
    std::map<std::string, int, std::less<>> calls{};
    std::vector<std::string> violations{};
    bool refuse_capture = false;
    int last_profile = -1;
    std::string version = kStandInTensorRtVersion;
    BuildSettings build{};
  };
  [[nodiscard]] std::int32_t count(std::string_view call);

  mutable std::mutex mutex_;
  Settings settings_;
  int engines_ = 0;
  int contexts_ = 0;
};

/// The one of this shared object.
[[nodiscard]] Switches& switches();

/// Throws backend::Failure as the plug-in's own TensorRT does.
[[nodiscard]] std::unique_ptr<tensorrt::Engine> make_stand_in_engine(std::span<const std::byte> plan,
                                                                     bool host_code_allowed);

[[nodiscard]] std::vector<tensorrt::OnnxInput> stand_in_onnx_inputs(const std::string& onnx_file);
[[nodiscard]] tensorrt::BuiltEngine build_stand_in_engine(const tensorrt::BuildRequest& request);

}  // namespace inference_exp::test
