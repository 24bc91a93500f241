// Sending messages to the callback of logging.hpp.
#pragma once

#include <string_view>

#include "inference_exp/logging.hpp"

namespace inference_exp {

void log(LogLevel level, std::string_view message);
inline void log_warning(std::string_view message) { log(LogLevel::warning, message); }

}  // namespace inference_exp
