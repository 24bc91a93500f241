#include "hub/stopping.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace {

/// Hands out indices until there are none left or somebody failed.
class Queue {
 public:
  Queue(std::size_t count, std::stop_source& stop, FunctionRef<void(std::size_t)> work)
      : count_(count), stop_(stop), work_(work) {}

  void work_off() {
    while (const std::optional<std::size_t> index = take()) {
      try {
        work_(*index);
      } catch (...) {
        fail(std::current_exception());
      }
    }
  }

  [[nodiscard]] bool is_empty() {
    const std::lock_guard guard(mutex_);
    return next_ >= count_ || failure_;
  }

  void fail(std::exception_ptr failure) {
    {
      const std::lock_guard guard(mutex_);
      // The first one is the cause; the others may only be its echo.
      if (!failure_) failure_ = std::move(failure);
    }
    stop_.request_stop();
  }

  void throw_failure() {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::optional<std::size_t> take() {
    const std::lock_guard guard(mutex_);
    if (next_ >= count_ || failure_) return std::nullopt;
    return next_++;
  }

  const std::size_t count_;
  std::stop_source& stop_;
  FunctionRef<void(std::size_t)> work_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

void sleep_unless_stopped(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw OperationCancelledError("The download was stopped.");
}

void run_side_by_side(std::size_t count, std::size_t workers, std::stop_source& stop,
                      FunctionRef<void(std::size_t)> work) {
  run_side_by_side(count, workers, stop, work, [] { return true; });
}

void run_side_by_side(std::size_t count, std::size_t workers, std::stop_source& stop,
                      FunctionRef<void(std::size_t)> work, FunctionRef<bool()> may_start) {
  Queue queue(count, stop, work);
  workers = std::min(workers, count);
  if (workers == 1) {
    queue.work_off();
  } else {
    std::vector<std::jthread> threads;
    try {
      for (std::size_t i = 0; i < workers && !queue.is_empty(); ++i) {
        if (i > 0 && !may_start()) break;
        threads.emplace_back([&queue] { queue.work_off(); });
      }
    } catch (...) {
      queue.fail(std::current_exception());
    }
  }
  queue.throw_failure();
}

}  // namespace inference_exp::hub
