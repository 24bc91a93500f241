// Trying again what may succeed later: pauses that grow and are drawn by chance, so that many clients don't come back
// at the same moment (loading.md, section 2.1).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/function_ref.hpp"
#include "hub/http.hpp"

namespace inference_exp::hub {

struct RetryPolicy {
  int max_tries = 3;  ///< in all
  std::vector<std::int32_t> statuses{408, 429, 502, 503, 504};
  std::chrono::milliseconds longest_pause{60000};          ///< also where the server asks for more
  std::function<void(std::chrono::milliseconds)> sleep{};  ///< unset: really sleeps
  std::function<double()> random{};                        ///< uniform in [0, 1); unset: a generator of the thread
};

/// Runs `attempt` until it brings an answer that is worth looking at: any but those of `policy.statuses`, or a failure
/// that trying again won't change. Throws RetryError after the last try; `what` says in its message what was tried, as
/// in "Asking example.com for the packages of \"yolov8n-640\"".
[[nodiscard]] HttpResult with_retries(const RetryPolicy& policy, std::string_view what,
                                      FunctionRef<HttpResult()> attempt);

/// Full jitter: uniform in [0, 1] s before the second try, [0, 2] s before the third, then [0, 4] s and so on. What the
/// server asked for with Retry-After is waited for instead. Neither exceeds the longest pause.
[[nodiscard]] std::chrono::milliseconds pause_before_retry(const RetryPolicy& policy, int tries_so_far,
                                                           const HttpResponse& response);

/// The Retry-After header as a pause from `now` on, in seconds or as a date. Nothing without one that makes sense.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(const HttpResponse& response,
                                                                   std::chrono::system_clock::time_point now);

/// What went wrong, as a sentence: the failure's own, or the status.
[[nodiscard]] std::string cause_of(const HttpResult& result);

}  // namespace inference_exp::hub
