// What a caller asks for when an engine is compiled, checked, and fitted to the network.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/backend.h"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// The caller's progress(), which may be NULL. Thread-safe. Once it has said stop, it is not called again.
class BuildProgress {
 public:
  explicit BuildProgress(const iexp_compile_request& request) : function_(request.progress), user_(request.user) {}

  /// False when the build is to stop.
  bool report(std::string_view phase, std::int32_t step, std::int32_t steps);
  /// The same, for phases of this plug-in's own. Throws IEXP_ERROR_CANCELLED.
  void enter(std::string_view phase);
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

 private:
  decltype(iexp_compile_request::progress) function_;
  void* user_;
  std::atomic<bool> stopped_{false};
};

/// Throws IEXP_ERROR_CANCELLED.
[[noreturn]] void throw_cancelled();

/// The request's precision; NULL means fp32. Throws IEXP_ERROR_INVALID_PARAMETER.
[[nodiscard]] Precision read_precision(const char* name);

/// Throws IEXP_ERROR_INVALID_PARAMETER for what is wrong whatever the network is.
void check_request(const iexp_compile_request& request);

/// The network's input as the engine is to take it.
struct EngineInput {
  std::string name;
  ElementType type = ElementType::f32;
  ProfileShapes shapes;
  bool dynamic = false;  ///< whether the engine needs a profile
};

/// Fits the request's batch and size to the only input of the network in `request.source_path`. Throws
/// IEXP_ERROR_INVALID_PARAMETER, saying what the network takes.
[[nodiscard]] EngineInput plan_input(const iexp_compile_request& request, const std::vector<OnnxInput>& inputs);

}  // namespace inference_exp::tensorrt
