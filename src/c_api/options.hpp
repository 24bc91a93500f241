// The option structs of the C interface as those of the C++ interface. NULL means the defaults; InvalidParameterError
// is thrown for what cannot be read.
#pragma once

#include <limits>

#include "inference_exp.h"
#include "inference_exp/load_options.hpp"
#include "inference_exp/model.hpp"

namespace inference_exp::c_api {

/// What an unset number with a fraction is in the option structs.
inline constexpr double kUnset = std::numeric_limits<double>::quiet_NaN();

[[nodiscard]] LoadOptions load_options(const inference_exp_load_options* options);

/// The options of one call, with a place for its timings.
class CallOptions {
 public:
  explicit CallOptions(const inference_exp_inference_options* options);
  CallOptions(const CallOptions&) = delete;
  CallOptions& operator=(const CallOptions&) = delete;
  ~CallOptions() = default;

  [[nodiscard]] const InferenceOptions& values() const noexcept { return values_; }
  /// After the call: hands its timings to the caller who wanted them.
  void report_timings() const noexcept;

 private:
  InferenceOptions values_;
  StageTimings timings_;
  inference_exp_stage_timings* wanted_ = nullptr;
};

}  // namespace inference_exp::c_api
