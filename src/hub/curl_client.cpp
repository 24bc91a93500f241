// hub/http.hpp over libcurl's easy interface. Redirects are followed here rather than by libcurl, because what may go
// to which host is decided here.
#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <new>
#include <set>

#include "core/options.hpp"
#include "hub/curl_transfer.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace {

using Kind = HttpFailure::Kind;

std::atomic<std::uint64_t> requests_sent{0};

/// Handles that wait for their next request, each with the connections it has open.
class HandlePool {
 public:
  struct Handle {
    std::string origin;  ///< whom it spoke to last
    CurlEasy easy;
  };

  /// Prefers one that may still have a connection to `origin`.
  [[nodiscard]] Handle take(const std::string& origin) {
    {
      const std::lock_guard lock(mutex_);
      auto found =
          std::find_if(idle_.rbegin(), idle_.rend(), [&](const Handle& idle) { return idle.origin == origin; });
      if (found == idle_.rend()) found = idle_.rbegin();
      if (found != idle_.rend()) {
        Handle handle = std::move(*found);
        idle_.erase(std::next(found).base());
        return handle;
      }
    }
    Handle handle{origin, CurlEasy(curl_easy_init())};
    if (!handle.easy) throw std::bad_alloc();
    return handle;
  }

  void put_back(Handle handle) {
    constexpr std::size_t kMostIdle = 128;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMostIdle) idle_.push_back(std::move(handle));
  }

 private:
  std::mutex mutex_;
  std::vector<Handle> idle_;
};

/// A header that can't smuggle in another one.
bool is_clean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool are_clean(const HttpHeaders& headers) {
  return std::ranges::all_of(headers, [](const auto& header) {
    return !header.first.empty() && header.first.find(':') == std::string::npos && is_clean(header.first) &&
           is_clean(header.second);
  });
}

HttpResult failed(Kind kind, std::string message, HttpResponse response = {}) {
  return {HttpFailure{kind, std::move(message)}, std::move(response)};
}

std::optional<std::string> why_forbidden(const WebAddress& from, const WebAddress& to) {
  if (!to.is_web()) return from.shown_host() + " redirects to something that is neither http nor https.";
  if (from.scheme == "https" && to.scheme == "http") {
    return from.shown_host() + " redirects from https to " + to.shown_host() + " without encryption.";
  }
  return std::nullopt;
}

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(CertificatePlaces certificates) : certificates_(std::move(certificates)) {}

  HttpResult send(const HttpRequest& request, OnHead on_head, OnBody on_body) override {
    const std::optional<WebAddress> first = parse_web_address(request.url);
    if (!first || !first->is_web()) {
      return failed(Kind::invalid, "\"" + public_form(request.url) + "\" is no address for http or https.");
    }
    if (!are_clean(request.headers) || !are_clean(request.first_host_headers) || !is_clean(request.bearer_token)) {
      return failed(Kind::invalid, "A header for " + first->shown_host() + " has a line break or no name.");
    }
    const std::string origin = first->scheme + "://" + first->host + ":" + first->port;
    HandlePool::Handle handle = pool_.take(origin);
    handle.origin = origin;
    // An exception of the sink leaves the handle behind: it is closed.
    HttpResult result = follow(request, *first, handle.easy.get(), on_head, on_body);
    pool_.put_back(std::move(handle));
    return result;
  }

 private:
  HttpResult follow(const HttpRequest& request, const WebAddress& first, CURL* handle, OnHead on_head, OnBody on_body) {
    WebAddress address = first;
    std::set<std::string> seen;
    for (int redirects = 0;; ++redirects) {
      seen.insert(address.url);
      Transfer transfer(request, address, on_head, on_body);
      ++requests_sent;
      HttpResult result = transfer.perform(handle, address.same_origin(first), certificates_);
      if (result.failure || !transfer.redirect_target()) return result;
      if (redirects == request.max_redirects) {
        return failed(
            Kind::forbidden_redirect,
            first.shown_host() + " leads to more than " + std::to_string(request.max_redirects) + " redirects.",
            std::move(result.response));
      }
      std::optional<WebAddress> next = parse_web_address(*transfer.redirect_target(), address.url);
      if (!next) {
        return failed(Kind::invalid, address.shown_host() + " redirects to something that is no address.",
                      std::move(result.response));
      }
      if (std::optional<std::string> why = why_forbidden(address, *next)) {
        return failed(Kind::forbidden_redirect, std::move(*why), std::move(result.response));
      }
      if (seen.contains(next->url)) {
        return failed(Kind::forbidden_redirect, address.shown_host() + " redirects in a circle.",
                      std::move(result.response));
      }
      address = std::move(*next);
    }
  }

  const CertificatePlaces certificates_;
  HandlePool pool_;
};

class OfflineClient final : public HttpClient {
 public:
  HttpResult send(const HttpRequest& request, OnHead /*on_head*/, OnBody /*on_body*/) override {
    const std::optional<WebAddress> address = parse_web_address(request.url);
    return failed(Kind::offline, "In offline mode nothing is asked of " +
                                     (address && address->is_web() ? address->shown_host() : "the network") + ".");
  }
};

/// The variables that curl's users know; the library itself does not look at them.
CertificatePlaces certificates_from_environment() {
  if (std::string bundle = environment_variable("CURL_CA_BUNDLE"); !bundle.empty()) return {std::move(bundle), {}};
  return {environment_variable("SSL_CERT_FILE"), environment_variable("SSL_CERT_DIR")};
}

}  // namespace

std::shared_ptr<HttpClient> make_curl_client() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) {
    throw EnvironmentConfigurationError(std::string("libcurl can't be started: ") + curl_easy_strerror(started) + ".",
                                        "Install libcurl 7.85 or later with support for http and https.");
  }
  return std::make_shared<CurlClient>(certificates_from_environment());
}

std::shared_ptr<HttpClient> make_offline_client() { return std::make_shared<OfflineClient>(); }

std::uint64_t http_requests_sent() noexcept { return requests_sent; }

}  // namespace inference_exp::hub
