// One request of the curl client to one address, without following redirects.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hub/http.hpp"
#include "hub/web_address.hpp"

namespace inference_exp::hub {

struct CurlFree {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlEasy = std::unique_ptr<CURL, CurlFree>;
using CurlHeaders = std::unique_ptr<curl_slist, CurlFree>;

/// Certificates to trust instead of libcurl's own choice; empty: unset.
struct CertificatePlaces {
  std::string file;
  std::string folder;
};

/// Notices an answer that stands still or trickles. Time that the sink takes does not count.
class SilenceWatch {
 public:
  using Clock = std::chrono::steady_clock;

  SilenceWatch(std::chrono::milliseconds limit, std::uint64_t min_bytes_per_second);
  void start();
  void arrived(std::size_t bytes, Clock::time_point before_sink);
  [[nodiscard]] bool silent();

 private:
  std::chrono::milliseconds limit_;
  double bytes_wanted_;  ///< in each window of `limit_`
  double window_bytes_ = 0;
  bool running_ = false;
  Clock::time_point last_byte_{}, window_start_{};
};

class Transfer {
 public:
  /// Everything referred to must outlive the transfer.
  Transfer(const HttpRequest& request, const WebAddress& address, HttpClient::OnHead on_head,
           HttpClient::OnBody on_body);

  /// `first_host`: whether secrets may go along. Rethrows what the sinks threw.
  [[nodiscard]] HttpResult perform(CURL* handle, bool first_host, const CertificatePlaces& certificates);

  /// Where to, when the answer is a redirect that is to be followed. Its body was thrown away.
  [[nodiscard]] const std::optional<std::string>& redirect_target() const noexcept { return redirect_target_; }

 private:
  void configure(CURL* handle, const CertificatePlaces& certificates);
  void set_callbacks(CURL* handle);
  [[nodiscard]] CurlHeaders header_list(bool first_host) const;

  // What libcurl calls; false ends the transfer.
  [[nodiscard]] bool take_header(std::string_view line);
  [[nodiscard]] bool take_end_of_head();
  [[nodiscard]] bool take_body(std::span<const std::byte> bytes);
  [[nodiscard]] bool goes_on();

  [[nodiscard]] bool stop(HttpFailure::Kind kind, std::string message);
  [[nodiscard]] HttpFailure failure_of(CURLcode code) const;
  [[nodiscard]] std::string broken(std::string_view cause) const;

  /// Keeps exceptions out of libcurl.
  template <typename F>
  bool guarded(F&& step) noexcept {
    try {
      return step();
    } catch (...) {
      thrown_ = std::current_exception();
      return false;
    }
  }

  const HttpRequest& request_;
  const WebAddress& address_;
  HttpClient::OnHead on_head_;
  HttpClient::OnBody on_body_;
  SilenceWatch watch_;
  HttpResult result_;
  std::optional<std::string> redirect_target_;
  bool head_complete_ = false;
  std::size_t head_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::exception_ptr thrown_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
};

}  // namespace inference_exp::hub
