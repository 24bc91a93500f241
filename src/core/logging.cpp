#include <memory>
#include <mutex>
#include <utility>

#include "core/log.hpp"

namespace inference_exp {

namespace {

struct Sink {
  std::mutex mutex;
  std::shared_ptr<const LogCallback> callback;
};

Sink& sink() {
  static Sink instance;
  return instance;
}

}  // namespace

void set_log_callback(LogCallback callback) {
  auto shared = callback ? std::make_shared<const LogCallback>(std::move(callback)) : nullptr;
  const std::scoped_lock lock(sink().mutex);
  sink().callback = std::move(shared);
}

void log(LogLevel level, std::string_view message) {
  std::shared_ptr<const LogCallback> callback;
  {
    const std::scoped_lock lock(sink().mutex);
    callback = sink().callback;
  }
  if (callback) (*callback)(level, message);
}

}  // namespace inference_exp
