// An address of the web taken apart by libcurl itself, so that checks and connections can't disagree about it.
#pragma once

#include <optional>
#include <string>

namespace inference_exp::hub {

struct WebAddress {
  std::string url;  ///< without fragment
  std::string scheme;
  std::string host;
  std::string port;

  /// http or https; other schemes are parsed, but nothing is ever sent there.
  [[nodiscard]] bool is_web() const { return scheme == "http" || scheme == "https"; }
  [[nodiscard]] bool same_origin(const WebAddress& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
  /// For messages: the port only where it is unusual.
  [[nodiscard]] std::string shown_host() const;
};

/// `reference` may be relative to `base`. Nothing for what is no address.
[[nodiscard]] std::optional<WebAddress> parse_web_address(const std::string& reference, const std::string& base = {});

}  // namespace inference_exp::hub
