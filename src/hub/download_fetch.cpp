#include "hub/download_fetch.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "core/log.hpp"
#include "hub/retry.hpp"
#include "hub/stopping.hpp"
#include "hub/web_address.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace {

using Kind = HttpFailure::Kind;

/// What counts as progress; a byte now and then must not keep a hopeless download alive.
constexpr std::uint64_t kProgress = std::uint64_t{64} << 10;
constexpr int kMaxRefusals = 3;

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size = 0;
};

/// "bytes 0-99/1234"; nothing for anything else.
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const auto take_number = [&](std::uint64_t& into, std::string_view after) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with(after)) return false;
    text.remove_prefix(after.size());
    return true;
  };
  ContentRange range;
  if (!take_number(range.first, "-") || !take_number(range.last, "/") || !take_number(range.size, "")) {
    return std::nullopt;
  }
  return text.empty() ? std::optional(range) : std::nullopt;
}

std::string host_of(const std::string& url) {
  const std::optional<WebAddress> address = parse_web_address(url);
  return address ? address->shown_host() : "The server";
}

std::string hint_for_status(int status) {
  if (status == 401 || status == 403 || status == 410) {
    return "Download addresses are valid for a short time only: try again, which asks for new ones and goes on from "
           "what is there.";
  }
  if (status == 404) return "The file is gone from the server: try again, which asks the provider anew.";
  return "Try again later; if it stays so, the server needs attention.";
}

[[noreturn]] void throw_too_large(const DownloadTask& task, std::uint64_t limit) {
  throw ModelRetrievalError(
      "\"" + task.handle + "\" is larger than the " + std::to_string(limit) + " bytes that a file may have.",
      "The server sends something that is not a model file; tell the provider.");
}

}  // namespace

Fetch::Fetch(const FileContext& context, FetchMode mode) : context_(context), mode_(mode) {
  if (mode != FetchMode::rest) return;
  position_ = context.part.complete().prefix();
  end_ = context.part.identity().size;
}

Fetch::Fetch(const FileContext& context, ByteRange range)
    : context_(context),
      mode_(FetchMode::range),
      position_(range.first),
      end_(range.last + 1),
      furthest_(range.first) {}

void Fetch::run() {
  while (!is_done()) {
    const HttpRequest request = next_request();
    const HttpResult result = context_.client.send(
        request, [this](const HttpResponse& response) { return take_head(response); },
        [this](std::span<const std::byte> bytes) { return take_body(bytes); });
    if (attempt_.error) std::rethrow_exception(attempt_.error);
    throw_if_stopped(context_.stop);
    judge(result);
  }
}

HttpRequest Fetch::next_request() {
  const DownloadSettings& settings = context_.settings;
  attempt_ = {};
  HttpRequest request;
  request.url = context_.task.url;
  request.connect_timeout = settings.connect_timeout;
  request.idle_timeout = settings.idle_timeout;
  request.min_bytes_per_second = settings.min_bytes_per_second;
  request.max_body_bytes = settings.max_file_bytes;
  request.stop = context_.stop;
  request.keep_waiting = [this] { return tell_progress(); };
  if (mode_ == FetchMode::range || (mode_ == FetchMode::rest && position_ > 0 && end_)) {
    attempt_.asked_for_range = true;
    request.range = ByteRange{.first = position_, .last = *end_ - 1};
    const std::string validator = context_.part.identity().validator();
    if (!validator.empty()) request.headers.emplace_back("If-Range", validator);
  }
  return request;
}

bool Fetch::take_head(const HttpResponse& response) try {
  if (response.status == 206 && attempt_.asked_for_range) {
    accept_range(response);
  } else if (response.status == 200 && mode_ != FetchMode::range) {
    accept_whole(response);
  } else if (response.status == 200 || response.status == 206 || response.status == 416) {
    throw RangeRequestNotSupportedError(host_of(response.url) + " answered a request for bytes " +
                                            std::to_string(position_) + " and on of \"" + context_.task.handle +
                                            "\" with status " + std::to_string(response.status) + ".",
                                        "The server or a proxy does not serve parts of files.");
  }
  return attempt_.accepted;
} catch (...) {
  attempt_.error = std::current_exception();
  return false;
}

void Fetch::accept_range(const HttpResponse& response) {
  const std::string_view text = response.header("content-range").value_or("nothing");
  const std::optional<ContentRange> range = parse_content_range(text);
  const std::optional<std::uint64_t> size = context_.part.identity().size;
  const std::uint64_t length = range ? range->last - range->first + 1 : 0;
  if (!range || range->first != position_ || range->last < range->first || range->last >= *end_ ||
      range->size != size || response.content_length().value_or(length) != length) {
    throw RangeRequestNotSupportedError(host_of(response.url) + " sent other bytes of \"" + context_.task.handle +
                                            "\" than those from " + std::to_string(position_) + " to " +
                                            std::to_string(*end_ - 1) + " that were asked for.",
                                        "The server or a proxy does not serve parts of files correctly.");
  }
  attempt_.is_range = true;
  attempt_.accepted = true;
}

void Fetch::accept_whole(const HttpResponse& response) {
  PartFile& part = context_.part;
  const PartIdentity before = part.identity();
  PartIdentity now = identity_from(response);
  if (now.size && *now.size > context_.settings.max_file_bytes) {
    throw_too_large(context_.task, context_.settings.max_file_bytes);
  }
  now.md5 = before.md5;
  if (!now.size && mode_ == FetchMode::rest) now.size = before.size;
  if (now.validator().empty() && mode_ == FetchMode::rest) {
    now.etag = before.etag;
    now.last_modified = before.last_modified;
  }
  position_ = 0;
  end_ = now.size;
  part.restart(std::move(now));
  if (end_) part.require_room_for(*end_);
  attempt_.accepted = true;
}

bool Fetch::take_body(std::span<const std::byte> bytes) try {
  if (context_.stop.stop_requested()) return false;
  if (end_ && bytes.size() > *end_ - position_) {
    attempt_.too_long = true;
    return false;
  }
  context_.part.write(position_, bytes);
  position_ += bytes.size();
  return tell_progress();
} catch (...) {
  attempt_.error = std::current_exception();
  return false;
}

bool Fetch::tell_progress() try {
  context_.progress.downloaded(context_.part.complete_bytes(), context_.part.identity().size.value_or(0));
  return true;
} catch (...) {
  attempt_.error = std::current_exception();
  return false;
}

void Fetch::judge(const HttpResult& result) {
  const std::string& file = context_.task.handle;
  if (result.failure && result.failure->kind == Kind::too_large) {
    throw_too_large(context_.task, context_.settings.max_file_bytes);
  }
  if (attempt_.too_long && attempt_.is_range) {
    throw RangeRequestNotSupportedError(
        host_of(result.response.url) + " sent more of \"" + file + "\" than it had announced.",
        "The server or a proxy does not serve parts of files correctly.");
  }
  if (attempt_.too_long) {
    return wait_or_give_up(result, host_of(result.response.url) + " sent more bytes than it had announced.", true);
  }
  if (attempt_.accepted && !result.failure) {
    if (!end_) {  // the end of the body is all that says how long the file is
      end_ = position_;
      context_.part.set_size(position_);
    }
    if (is_done()) return;
    return wait_or_give_up(result, host_of(result.response.url) + " sent fewer bytes than it had announced.", true);
  }
  if (attempt_.accepted || (result.failure && result.failure->retryable())) {
    // A body that ends at the same byte again ends there for good.
    const bool same_end = attempt_.accepted && !attempt_.is_range && position_ > 0 && position_ == last_end_;
    last_end_ = position_;
    return wait_or_give_up(result, cause_of(result), same_end);
  }
  if (result.failure && result.failure->kind != Kind::cancelled) {
    throw ModelRetrievalError("\"" + file + "\" cannot be downloaded. " + result.failure->message,
                              result.failure->kind == Kind::offline
                                  ? "Load the model once with a network, or switch offline mode off."
                                  : "Check the network connection, certificates and proxy settings.");
  }
  const int status = result.response.status;
  const std::string cause = host_of(result.response.url) + " answered with status " + std::to_string(status) + ".";
  if (std::ranges::find(context_.settings.retry_statuses, status) == context_.settings.retry_statuses.end()) {
    throw ModelRetrievalError("\"" + file + "\" cannot be downloaded. " + cause, hint_for_status(status));
  }
  wait_or_give_up(result, cause, true);
}

void Fetch::wait_or_give_up(const HttpResult& result, const std::string& cause, bool server_to_blame) {
  if (position_ >= furthest_ + kProgress) {
    furthest_ = position_;
    tries_ = 0;
    refusals_ = 0;
  }
  ++tries_;
  if (server_to_blame) ++refusals_;
  if (tries_ >= context_.settings.max_attempts || refusals_ >= kMaxRefusals) {
    throw RetryError("\"" + context_.task.handle + "\" cannot be downloaded: " + std::to_string(tries_) +
                         (tries_ == 1 ? " attempt" : " attempts in a row") + " failed. " + cause,
                     "Try again later, which goes on from what is there. Check the network connection and proxy "
                     "settings.");
  }
  RetryPolicy policy;
  policy.longest_pause = std::chrono::seconds(32);
  if (retry_after(result.response, std::chrono::system_clock::now())) policy.longest_pause = std::chrono::seconds(60);
  const std::chrono::milliseconds pause = pause_before_retry(policy, tries_, result.response);
  log(LogLevel::debug,
      "Tries again to download \"" + context_.task.handle + "\" in " + std::to_string(pause.count()) + " ms. " + cause);
  if (context_.settings.sleep) {
    context_.settings.sleep(pause);
  } else {
    wait(pause);
  }
  throw_if_stopped(context_.stop);
}

void Fetch::wait(std::chrono::milliseconds pause) {
  constexpr std::chrono::milliseconds kPiece{200};
  for (; pause.count() > 0; pause -= kPiece) {
    sleep_unless_stopped(std::min(pause, kPiece), context_.stop);
    throw_if_stopped(context_.stop);
    if (!tell_progress()) std::rethrow_exception(attempt_.error);
  }
}

}  // namespace inference_exp::hub
