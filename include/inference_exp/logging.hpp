// Where warnings go.
//
// Contract: the library itself writes nowhere. Messages go to the one callback set here; without one they are dropped.
// The callback may be called from any thread, also from several at once, and must not throw.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "inference_exp/export.hpp"

namespace inference_exp {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

using LogCallback = std::function<void(LogLevel, std::string_view)>;

/// Replaces the callback for the whole process; an empty function turns logging off.
INFERENCE_EXP_API void set_log_callback(LogCallback callback);

}  // namespace inference_exp
