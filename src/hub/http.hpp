// HTTP as the hub needs it: one blocking request at a time, bodies streamed into the caller's hands.
//
// Contract: thread-safe; connections are pooled and reused. Nothing is retried here. Secrets in headers never appear in
// messages. Query strings neither, as download addresses carry signatures.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/function_ref.hpp"

namespace inference_exp::hub {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// Both ends inclusive, as in the Range header.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct HttpRequest {
  std::string url{};
  enum class Method : std::uint8_t { get, head } method = Method::get;
  HttpHeaders headers{};
  std::string bearer_token{};        ///< sent to the first host only, never to where a redirect leads
  HttpHeaders first_host_headers{};  ///< likewise
  std::optional<ByteRange> range{};
  std::chrono::milliseconds connect_timeout{5000};
  /// The longest time without a byte; an answer that trickles slower than `min_bytes_per_second` over this time counts
  /// as silent.
  std::chrono::milliseconds idle_timeout{5000};
  std::uint64_t min_bytes_per_second = 1;
  std::uint64_t max_body_bytes = std::numeric_limits<std::uint64_t>::max();
  int max_redirects = 5;   ///< 0: a redirect is the answer
  std::stop_token stop{};  ///< ends the request as cancelled within a second, also while nothing arrives
  /// Asked about once a second or more often while the request is under way, on the thread that sends it; false ends it
  /// as cancelled. What it throws comes out of `send`.
  std::function<bool()> keep_waiting{};
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers{};  ///< of the last answer; names in lower case
  std::string url{};      ///< where the answer came from, after redirects

  [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_case_name) const;
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
};

/// Why no complete answer came. A value, because the caller decides what to retry.
struct HttpFailure {
  enum class Kind : std::uint8_t {
    unreachable,         ///< no connection: name, route, refusal, proxy
    timeout,             ///< connecting, or silence
    interrupted,         ///< the connection broke, or fewer bytes than announced
    tls,                 ///< certificate or handshake
    too_large,           ///< more bytes than max_body_bytes
    forbidden_redirect,  ///< to plain http from https, to another scheme, or in a loop
    invalid,             ///< the address or the answer makes no sense
    cancelled,           ///< the sink or the stop token said so
    offline,             ///< offline mode: nothing was tried
  };
  Kind kind = Kind::unreachable;
  std::string message;  ///< one sentence with the host, without query and secrets

  [[nodiscard]] bool retryable() const noexcept {
    return kind == Kind::unreachable || kind == Kind::timeout || kind == Kind::interrupted;
  }
};

struct HttpResult {
  std::optional<HttpFailure> failure{};
  HttpResponse response{};  ///< what is known of it when there is a failure
};

class HttpClient {
 public:
  HttpClient() = default;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  virtual ~HttpClient() = default;

  /// Called with the response's head before its body; false ends the request as cancelled (for an answer of a status
  /// whose body is not wanted).
  using OnHead = FunctionRef<bool(const HttpResponse&)>;
  /// Called with each piece of the body; false ends the request as cancelled. What it throws passes through.
  using OnBody = FunctionRef<bool(std::span<const std::byte>)>;

  /// Bodies of redirect answers are not delivered.
  [[nodiscard]] virtual HttpResult send(const HttpRequest& request, OnHead on_head, OnBody on_body) = 0;
};

/// libcurl: proxies and certificates as its users know them (http_proxy, SSL_CERT_FILE and so on). http and https only.
/// Throws EnvironmentConfigurationError where libcurl can't do that.
[[nodiscard]] std::shared_ptr<HttpClient> make_curl_client();

/// Answers every request with HttpFailure::Kind::offline.
[[nodiscard]] std::shared_ptr<HttpClient> make_offline_client();

/// How many requests were sent by this process's curl clients; tests count with it.
[[nodiscard]] std::uint64_t http_requests_sent() noexcept;

/// The address without user, query and fragment, for messages.
[[nodiscard]] std::string public_form(std::string_view url);

/// All but letters, digits and "-._~" as %XX.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// Adds parameters to an address; repeated names are lists. Throws AssumptionError for a name that its query has
/// already.
[[nodiscard]] std::string with_query(std::string_view url, const HttpHeaders& parameters);

/// Where to ask for `url` when everything goes through a gateway (loading.md, section 2.6):
/// "<gateway>/proxy?url=<url>". Unchanged without a gateway, or when it is of that form already. Throws AssumptionError
/// when the gateway's own query has a parameter "url".
[[nodiscard]] std::string through_gateway(std::string_view url, std::string_view gateway);

}  // namespace inference_exp::hub
