#include "hub/retry.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <random>
#include <string>
#include <thread>

#include "core/log.hpp"
#include "core/text.hpp"
#include "hub/web_address.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace {

using std::chrono::milliseconds;

double draw(const RetryPolicy& policy) {
  if (policy.random) return policy.random();
  thread_local std::mt19937_64 generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

void sleep(const RetryPolicy& policy, milliseconds time) {
  if (policy.sleep) {
    policy.sleep(time);
  } else {
    std::this_thread::sleep_for(time);
  }
}

bool is_worth_another_try(const RetryPolicy& policy, const HttpResult& result) {
  if (result.failure) return result.failure->retryable();
  return std::ranges::find(policy.statuses, result.response.status) != policy.statuses.end();
}

}  // namespace

std::string cause_of(const HttpResult& result) {
  if (result.failure) return result.failure->message;
  const std::optional<WebAddress> address = parse_web_address(result.response.url);
  return (address ? address->shown_host() : "The server") + " answered with status " +
         std::to_string(result.response.status) + ".";
}

HttpResult with_retries(const RetryPolicy& policy, std::string_view what, FunctionRef<HttpResult()> attempt) {
  for (int tries = 1;; ++tries) {
    HttpResult result = attempt();
    if (!is_worth_another_try(policy, result)) return result;
    if (tries >= policy.max_tries) {
      throw RetryError(std::string(what) + " failed, " +
                           (tries == 1 ? "in the only try" : "in each of " + std::to_string(tries) + " tries") +
                           ". The last cause: " + cause_of(result),
                       "Check the network connection, proxy settings (https_proxy) and the server's state, and try "
                       "again later.");
    }
    const milliseconds pause = pause_before_retry(policy, tries, result.response);
    log(LogLevel::debug,
        std::string(what) + ": next try in " + std::to_string(pause.count()) + " ms. " + cause_of(result));
    sleep(policy, pause);
  }
}

milliseconds pause_before_retry(const RetryPolicy& policy, int tries_so_far, const HttpResponse& response) {
  if (const auto asked_for = retry_after(response, std::chrono::system_clock::now())) {
    return std::min(*asked_for, policy.longest_pause);
  }
  constexpr int kMaxDoublings = 16;
  const milliseconds nominal{std::int64_t{1000} << std::clamp(tries_so_far - 1, 0, kMaxDoublings)};
  const auto longest = static_cast<double>(std::min(nominal, policy.longest_pause).count());
  return milliseconds(std::llround(longest * draw(policy)));
}

std::optional<milliseconds> retry_after(const HttpResponse& response, std::chrono::system_clock::time_point now) {
  const std::optional<std::string_view> text = response.header("retry-after");
  if (!text) return std::nullopt;
  if (const std::optional<std::int32_t> seconds = parse_decimal(*text)) return std::chrono::seconds(*seconds);
  // All dates of HTTP are of that zone; libcurl alone would guess at much more than dates.
  const std::time_t date = text->ends_with("GMT") ? curl_getdate(std::string(*text).c_str(), nullptr) : -1;
  if (date < 0) return std::nullopt;
  return std::chrono::seconds(std::max<std::time_t>(0, date - std::chrono::system_clock::to_time_t(now)));
}

}  // namespace inference_exp::hub
