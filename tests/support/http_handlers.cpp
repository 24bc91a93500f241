// The ready-made contents and handlers of http_server.hpp.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstring>
#include <random>

#include "support/http_server.hpp"

namespace inference_exp::testing {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Longer than a mebibyte by a bit, so that no round block size is a multiple of it.
constexpr std::size_t kNoisePeriod = (std::size_t{1} << 20) + 7;

void add_file_headers(const FileHeaders& from, Response& response) {
  response.headers.emplace_back("Content-Type", "application/octet-stream");
  if (!from.etag.empty()) response.headers.emplace_back("ETag", from.etag);
  if (!from.last_modified.empty()) response.headers.emplace_back("Last-Modified", from.last_modified);
}

std::string content_range(std::uint64_t first, std::uint64_t last, std::uint64_t size) {
  return "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(size);
}

}  // namespace

std::string Request::header(std::string_view lower_case_name) const {
  const auto found =
      std::ranges::find(headers, lower_case_name, [](const auto& entry) { return std::string_view(entry.first); });
  return found == headers.end() ? std::string() : found->second;
}

bool Request::has_header(std::string_view lower_case_name) const {
  return std::ranges::any_of(headers, [&](const auto& entry) { return entry.first == lower_case_name; });
}

std::vector<std::string> Request::query_values(std::string_view name) const {
  std::vector<std::string> values;
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (decoded(pair.substr(0, equals)) == name)
      values.push_back(decoded(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return values;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> Request::range(std::uint64_t size) const {
  const std::string text = header("range");
  constexpr std::string_view kUnit = "bytes=";
  const std::size_t dash = text.find('-');
  if (!text.starts_with(kUnit) || dash == std::string::npos) return std::nullopt;
  const std::optional<std::uint64_t> first = number(std::string_view(text).substr(kUnit.size(), dash - kUnit.size()));
  if (!first) return std::nullopt;
  const std::uint64_t last = number(std::string_view(text).substr(dash + 1)).value_or(size - 1);
  return std::pair(*first, std::min(last, size - 1));
}

std::string Content::text() const {
  std::string result(size, '\0');
  if (!file.empty() || read == nullptr) return result;
  read(0, std::as_writable_bytes(std::span(result)));
  return result;
}

Content text_content(std::string text) {
  const std::uint64_t size = text.size();
  return {.size = size, .read = [text = std::move(text)](std::uint64_t offset, std::span<std::byte> into) {
            std::memcpy(into.data(), text.data() + offset, into.size());
          }};
}

Content generated_content(std::uint64_t size, std::uint64_t seed) {
  auto noise = std::make_shared<std::vector<std::byte>>(kNoisePeriod);
  std::mt19937_64 random(seed);
  for (std::byte& byte : *noise) byte = static_cast<std::byte>(random());
  return {.size = size, .read = [noise](std::uint64_t offset, std::span<std::byte> into) {
            while (!into.empty()) {
              const std::size_t at = offset % kNoisePeriod;
              const std::size_t length = std::min(into.size(), kNoisePeriod - at);
              std::memcpy(into.data(), noise->data() + at, length);
              into = into.subspan(length);
              offset += length;
            }
          }};
}

Content file_content(const std::filesystem::path& file) {
  return {.size = std::filesystem::file_size(file), .read = nullptr, .file = file};
}

Handler serve_file(Content content, FileHeaders headers) {
  return [content = std::move(content), headers = std::move(headers)](const Request& request, Response& response) {
    add_file_headers(headers, response);
    response.headers.emplace_back("Accept-Ranges", "bytes");
    response.body = content;
    const auto range = request.range(content.size);
    if (!range) return;
    const std::string condition = request.header("if-range");
    if (!condition.empty() && condition != headers.etag && condition != headers.last_modified) return;
    if (range->first > range->second) {
      response.status = 416;
      response.body = {};
      response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(content.size));
      return;
    }
    response.status = 206;
    response.first = range->first;
    response.count = range->second - range->first + 1;
    response.headers.emplace_back("Content-Range", content_range(range->first, range->second, content.size));
  };
}

Handler serve_without_ranges(Content content, FileHeaders headers) {
  return [content = std::move(content), headers = std::move(headers)](const Request&, Response& response) {
    add_file_headers(headers, response);
    response.body = content;
  };
}

Handler ignore_ranges(Content content, FileHeaders headers) {
  return [content = std::move(content), headers = std::move(headers)](const Request&, Response& response) {
    add_file_headers(headers, response);
    response.headers.emplace_back("Accept-Ranges", "bytes");
    response.body = content;
  };
}

Handler serve_wrong_range(Content content, std::uint64_t shift, FileHeaders headers) {
  return
      [content = std::move(content), shift, headers = std::move(headers)](const Request& request, Response& response) {
        add_file_headers(headers, response);
        response.headers.emplace_back("Accept-Ranges", "bytes");
        response.body = content;
        const auto range = request.range(content.size);
        if (!range) return;
        response.status = 206;
        response.first = std::min(range->first + shift, content.size - 1);
        const std::uint64_t last = std::min(range->second + shift, content.size - 1);
        response.count = last - response.first + 1;
        response.headers.emplace_back("Content-Range", content_range(response.first, last, content.size));
      };
}

Handler answer(int status, std::string body, Headers headers) {
  return [status, content = text_content(std::move(body)), headers = std::move(headers)](const Request&,
                                                                                         Response& response) {
    response.status = status;
    response.body = content;
    response.headers = headers;
  };
}

Handler answer_json(std::string body) { return answer(200, std::move(body), {{"Content-Type", "application/json"}}); }

Handler redirect(std::string location, int status) {
  return answer(status, "Look elsewhere.", {{"Location", std::move(location)}});
}

Handler html_page() {
  return answer(200, "<!DOCTYPE html>\n<html><body><h1>Please log in</h1></body></html>\n",
                {{"Content-Type", "text/html; charset=utf-8"}});
}

Handler endless_body() {
  return [content = generated_content(std::uint64_t{1} << 18)](const Request&, Response& response) {
    response.body = content;
    response.endless = true;
  };
}

Handler fail_first(int count, Handler failing, Handler then) {
  auto left = std::make_shared<std::atomic<int>>(count);
  return [left, failing = std::move(failing), then = std::move(then)](const Request& request, Response& response) {
    (left->fetch_sub(1) > 0 ? failing : then)(request, response);
  };
}

Handler cut_after(std::uint64_t bytes, Ending ending, Handler handler) {
  return [bytes, ending, handler = std::move(handler)](const Request& request, Response& response) {
    handler(request, response);
    response.cut_after = bytes;
    response.ending = ending;
  };
}

Handler announce_length(std::uint64_t length, Handler handler) {
  return [length, handler = std::move(handler)](const Request& request, Response& response) {
    handler(request, response);
    response.announced_length = length;
  };
}

Handler trickle(std::chrono::milliseconds pause, std::size_t piece, Handler handler) {
  return [pause, piece, handler = std::move(handler)](const Request& request, Response& response) {
    handler(request, response);
    response.pause = pause;
    response.piece = piece;
  };
}

}  // namespace inference_exp::testing
