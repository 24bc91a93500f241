#include "hub/curl_transfer.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/version.hpp"

namespace inference_exp::hub {

namespace {

using Kind = HttpFailure::Kind;
using std::chrono::milliseconds;

constexpr std::size_t kMaxHeadBytes = std::size_t{256} << 10;
constexpr std::uint64_t kMaxRedirectBody = std::uint64_t{64} << 10;
constexpr long kBufferBytes = 256 << 10;

std::string shown(milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

template <typename T>
void set(CURL* handle, CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) {
    throw EnvironmentConfigurationError(
        "libcurl refuses option " + std::to_string(option) + ": " + curl_easy_strerror(code) + ".",
        "Install libcurl 7.85 or later with support for http and https.");
  }
}

void append(CurlHeaders& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

/// An empty value needs a semicolon; with a colon libcurl would leave the header out.
void append(CurlHeaders& list, const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) append(list, value.empty() ? name + ";" : name + ": " + value);
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

SilenceWatch::SilenceWatch(milliseconds limit, std::uint64_t min_bytes_per_second)
    : limit_(limit),
      bytes_wanted_(static_cast<double>(min_bytes_per_second) * static_cast<double>(limit.count()) / 1000) {}

void SilenceWatch::start() {
  running_ = true;
  last_byte_ = window_start_ = Clock::now();
  window_bytes_ = 0;
}

void SilenceWatch::arrived(std::size_t bytes, Clock::time_point before_sink) {
  last_byte_ = Clock::now();
  window_start_ += last_byte_ - before_sink;
  window_bytes_ += static_cast<double>(bytes);
}

bool SilenceWatch::silent() {
  if (!running_) return false;
  const Clock::time_point now = Clock::now();
  if (now - last_byte_ >= limit_) return true;
  if (now - window_start_ < limit_) return false;
  if (window_bytes_ < bytes_wanted_) return true;
  window_start_ = now;
  window_bytes_ = 0;
  return false;
}

Transfer::Transfer(const HttpRequest& request, const WebAddress& address, HttpClient::OnHead on_head,
                   HttpClient::OnBody on_body)
    : request_(request),
      address_(address),
      on_head_(on_head),
      on_body_(on_body),
      watch_(request.idle_timeout, request.min_bytes_per_second) {
  result_.response.url = address.url;
}

HttpResult Transfer::perform(CURL* handle, bool first_host, const CertificatePlaces& certificates) {
  const CurlHeaders headers = header_list(first_host);
  configure(handle, certificates);
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  set_callbacks(handle);
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_reset(handle);  // keeps connections, forgets this transfer and its secrets
  if (thrown_) std::rethrow_exception(thrown_);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (!redirect_target_ && !result_.failure && code != CURLE_OK) result_.failure = failure_of(code);
  return std::move(result_);
}

CurlHeaders Transfer::header_list(bool first_host) const {
  CurlHeaders list;
  append(list, request_.headers);
  if (!first_host) return list;
  append(list, request_.first_host_headers);
  if (!request_.bearer_token.empty()) append(list, "Authorization: Bearer " + request_.bearer_token);
  return list;
}

void Transfer::configure(CURL* handle, const CertificatePlaces& certificates) {
  set(handle, CURLOPT_URL, address_.url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(handle, CURLOPT_USERAGENT, ("inference-exp/" + std::string(kVersion)).c_str());
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  // A wish: libcurl refuses it while a handle still holds the buffer of a transfer that failed.
  (void)curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kBufferBytes);
  set(handle, CURLOPT_ERRORBUFFER, error_text_.data());
  if (!certificates.file.empty()) set(handle, CURLOPT_CAINFO, certificates.file.c_str());
  if (!certificates.folder.empty()) set(handle, CURLOPT_CAPATH, certificates.folder.c_str());
  if (request_.method == HttpRequest::Method::head) set(handle, CURLOPT_NOBODY, 1L);
  if (request_.range) {
    const std::string range = std::to_string(request_.range->first) + "-" + std::to_string(request_.range->last);
    set(handle, CURLOPT_RANGE, range.c_str());
  }
}

void Transfer::set_callbacks(CURL* handle) {
  set(handle, CURLOPT_HEADERDATA, this);
  set(
      handle, CURLOPT_HEADERFUNCTION, +[](char* data, std::size_t size, std::size_t count, void* self) -> std::size_t {
        auto& transfer = *static_cast<Transfer*>(self);
        const std::size_t bytes = size * count;
        return transfer.guarded([&] { return transfer.take_header({data, bytes}); }) ? bytes : 0;
      });
  set(handle, CURLOPT_WRITEDATA, this);
  set(
      handle, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t size, std::size_t count, void* self) -> std::size_t {
        auto& transfer = *static_cast<Transfer*>(self);
        const std::size_t bytes = size * count;
        const auto piece = std::as_bytes(std::span(data, bytes));
        // Any other number than `bytes` is an error; `bytes` may be 0.
        return transfer.guarded([&] { return transfer.take_body(piece); }) ? bytes : bytes + 1;
      });
  set(handle, CURLOPT_XFERINFODATA, this);
  set(handle, CURLOPT_NOPROGRESS, 0L);
  set(
      handle, CURLOPT_XFERINFOFUNCTION, +[](void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> int {
        auto& transfer = *static_cast<Transfer*>(self);
        return transfer.guarded([&] { return transfer.goes_on(); }) ? 0 : 1;
      });
  set(handle, CURLOPT_PREREQDATA, this);
  set(
      handle, CURLOPT_PREREQFUNCTION, +[](void* self, char*, char*, int, int) -> int {
        static_cast<Transfer*>(self)->watch_.start();
        return CURL_PREREQFUNC_OK;
      });
}

bool Transfer::take_header(std::string_view line) {
  const auto before = SilenceWatch::Clock::now();
  if (head_complete_) return true;  // a trailer after a chunked body
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes) return stop(Kind::invalid, address_.shown_host() + " sent an answer without end.");
  const std::string_view text = trim(line);
  HttpResponse& response = result_.response;
  bool goes_on = true;
  if (text.empty()) {
    goes_on = take_end_of_head();
  } else if (text.starts_with("HTTP/")) {
    response.headers.clear();
    response.status = parse_decimal(text.substr(std::min(text.find(' ') + 1, text.size())).substr(0, 3)).value_or(0);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    response.headers.emplace_back(lower_case(trim(text.substr(0, colon))), std::string(trim(text.substr(colon + 1))));
  }
  watch_.arrived(line.size(), before);
  return goes_on;
}

bool Transfer::take_end_of_head() {
  const HttpResponse& response = result_.response;
  if (response.status < 200) return true;  // an interim answer such as "100 Continue"
  head_complete_ = true;
  const std::optional<std::string_view> location = response.header("location");
  if (request_.max_redirects > 0 && is_redirect(response.status) && location) {
    redirect_target_ = *location;
    return true;
  }
  if (request_.method == HttpRequest::Method::get && response.content_length().value_or(0) > request_.max_body_bytes) {
    return stop(Kind::too_large, address_.shown_host() + " announced an answer of " +
                                     std::to_string(*response.content_length()) + " bytes; at most " +
                                     std::to_string(request_.max_body_bytes) + " are allowed.");
  }
  return on_head_(response) || stop(Kind::cancelled, "The request to " + address_.shown_host() + " was cancelled.");
}

bool Transfer::take_body(std::span<const std::byte> bytes) {
  const auto before = SilenceWatch::Clock::now();
  body_bytes_ += bytes.size();
  if (redirect_target_) {
    watch_.arrived(bytes.size(), before);
    return body_bytes_ <= kMaxRedirectBody;
  }
  if (body_bytes_ > request_.max_body_bytes) {
    return stop(Kind::too_large, address_.shown_host() + " sent more than the " +
                                     std::to_string(request_.max_body_bytes) + " bytes that are allowed.");
  }
  const bool wanted = on_body_(bytes);
  watch_.arrived(bytes.size(), before);
  return wanted || stop(Kind::cancelled, "The request to " + address_.shown_host() + " was cancelled.");
}

bool Transfer::goes_on() {
  if (request_.stop.stop_requested() || (request_.keep_waiting && !request_.keep_waiting())) {
    return stop(Kind::cancelled, "The request to " + address_.shown_host() + " was cancelled.");
  }
  if (!watch_.silent()) return true;
  return stop(Kind::timeout, address_.shown_host() + " sent nothing, or too little, for " +
                                 shown(request_.idle_timeout) + " (" + std::to_string(body_bytes_) +
                                 " bytes of the answer had arrived).");
}

bool Transfer::stop(Kind kind, std::string message) {
  result_.failure = {kind, std::move(message)};
  return false;
}

std::string Transfer::broken(std::string_view cause) const {
  const std::optional<std::uint64_t> announced = result_.response.content_length();
  return "The connection to " + address_.shown_host() + " broke after " + std::to_string(body_bytes_) +
         (announced ? " of " + std::to_string(*announced) : "") + " bytes: " + std::string(cause) + ".";
}

HttpFailure Transfer::failure_of(CURLcode code) const {
  const std::string host = address_.shown_host();
  // libcurl's own texts name hosts and system errors, never addresses in full.
  const std::string_view detail(error_text_.data());
  const std::string cause(detail.empty() ? std::string_view(curl_easy_strerror(code)) : detail);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
      return {Kind::unreachable, host + " can't be reached: " + cause + "."};
    case CURLE_OPERATION_TIMEDOUT:
      return {Kind::timeout, host + " did not accept a connection within " + shown(request_.connect_timeout) + "."};
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_AGAIN:
      return {Kind::interrupted, broken(cause)};
    case CURLE_SSL_CONNECT_ERROR:
      // A connection that broke is no verdict about certificates.
      if (cause.find("reset by peer") != std::string::npos || cause.find("SSL_ERROR_SYSCALL") != std::string::npos) {
        return {Kind::interrupted, broken(cause)};
      }
      [[fallthrough]];
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return {Kind::tls, "There is no safe connection to " + host + ": " + cause + "."};
    default:
      return {Kind::invalid, "The answer of " + host + " can't be read: " + curl_easy_strerror(code) + "."};
  }
}

}  // namespace inference_exp::hub
