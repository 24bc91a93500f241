#include "hub/http.hpp"

#include <algorithm>
#include <charconv>

#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace {

constexpr std::string_view kGatewayParameter = "url";

/// Whether `query`, without '?', has a parameter of that encoded name.
bool has_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.substr(0, pair.find('=')) == name) return true;
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
  }
  return false;
}

struct SplitAddress {
  std::string_view place;
  std::string_view query;     ///< without '?'
  std::string_view fragment;  ///< with '#'
};

SplitAddress split(std::string_view url) {
  const std::size_t fragment = std::min(url.find('#'), url.size());
  const std::string_view address = url.substr(0, fragment);
  const std::size_t question = std::min(address.find('?'), address.size());
  return {address.substr(0, question), address.substr(std::min(question + 1, address.size())), url.substr(fragment)};
}

}  // namespace

std::optional<std::string_view> HttpResponse::header(std::string_view lower_case_name) const {
  const auto found =
      std::ranges::find(headers, lower_case_name, [](const auto& entry) -> std::string_view { return entry.first; });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint64_t> HttpResponse::content_length() const {
  const std::optional<std::string_view> text = header("content-length");
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

std::string public_form(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(url.find('/', host), url.size());
  const std::size_t user = url.substr(host, path - host).rfind('@');
  if (user == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, host)) + std::string(url.substr(host + user + 1));
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return result;
}

std::string with_query(std::string_view url, const HttpHeaders& parameters) {
  const SplitAddress parts = split(url);
  std::string query(parts.query);
  for (const auto& [name, value] : parameters) {
    const std::string encoded = percent_encoded(name);
    if (has_parameter(parts.query, encoded)) {
      throw AssumptionError("The address " + public_form(url) + " already has a query parameter \"" + name + "\".",
                            "Leave the parameter out, either in the address or among the further parameters.");
    }
    if (!query.empty()) query += '&';
    query += encoded + "=" + percent_encoded(value);
  }
  return std::string(parts.place) + (query.empty() ? "" : "?") + query + std::string(parts.fragment);
}

std::string through_gateway(std::string_view url, std::string_view gateway) {
  if (gateway.empty()) return std::string(url);
  const std::string address = (gateway.find("://") == std::string_view::npos ? "http://" : "") + std::string(gateway);
  const SplitAddress parts = split(address);
  std::string_view base = parts.place;
  while (base.ends_with('/')) base.remove_suffix(1);
  const std::string proxy = std::string(base) + "/proxy";
  const SplitAddress asked = split(url);
  if (asked.place == proxy && has_parameter(asked.query, kGatewayParameter)) return std::string(url);
  return with_query(proxy + (parts.query.empty() ? "" : "?") + std::string(parts.query),
                    {{std::string(kGatewayParameter), std::string(url)}});
}

}  // namespace inference_exp::hub
