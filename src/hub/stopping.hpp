// Work on several threads that ends early when one of them fails or the caller cancels.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>

#include "core/function_ref.hpp"

namespace inference_exp::hub {

/// Returns early when `stop` is requested.
void sleep_unless_stopped(std::chrono::milliseconds time, const std::stop_token& stop);

/// Throws OperationCancelledError.
void throw_if_stopped(const std::stop_token& stop);

/// Calls `work` with 0 to `count` - 1, in order of start, on up to `workers` threads. After the first exception `stop`
/// is requested, no further call starts, and when all have returned that exception is thrown. `may_start`, where given,
/// is asked before each worker but the first; it may take its time.
void run_side_by_side(std::size_t count, std::size_t workers, std::stop_source& stop,
                      FunctionRef<void(std::size_t)> work);
void run_side_by_side(std::size_t count, std::size_t workers, std::stop_source& stop,
                      FunctionRef<void(std::size_t)> work, FunctionRef<bool()> may_start);

}  // namespace inference_exp::hub
