// Opening one driver library.
#pragma once

#include <string>

#include "cuda/driver.hpp"

namespace inference_exp::cuda {

/// Opens `file`, which is never unloaded, and starts it. Throws Unavailable with the reason.
[[nodiscard]] Driver open_driver(const std::string& file);

}  // namespace inference_exp::cuda
