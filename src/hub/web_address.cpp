#include "hub/web_address.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <new>

#include "core/text.hpp"

namespace inference_exp::hub {

namespace {

struct UrlFree {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  void operator()(char* text) const noexcept { curl_free(text); }
};

std::string url_part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, UrlFree> owner(text);
  return text;
}

}  // namespace

std::string WebAddress::shown_host() const {
  const bool usual = port.empty() || port == (scheme == "https" ? "443" : "80");
  return usual ? host : host + ":" + port;
}

std::optional<WebAddress> parse_web_address(const std::string& reference, const std::string& base) {
  const std::unique_ptr<CURLU, UrlFree> url(curl_url());
  if (!url) throw std::bad_alloc();
  if (!base.empty() && curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) return std::nullopt;
  constexpr unsigned int kFlags = CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE;
  if (curl_url_set(url.get(), CURLUPART_URL, reference.c_str(), kFlags) != CURLUE_OK) return std::nullopt;
  (void)curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  return WebAddress{.url = url_part(url.get(), CURLUPART_URL),
                    .scheme = lower_case(url_part(url.get(), CURLUPART_SCHEME)),
                    .host = lower_case(url_part(url.get(), CURLUPART_HOST)),
                    .port = url_part(url.get(), CURLUPART_PORT)};
}

}  // namespace inference_exp::hub
