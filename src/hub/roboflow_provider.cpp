#include "hub/roboflow_provider.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/log.hpp"
#include "core/text.hpp"
#include "hub/web_address.hpp"
#include "inference_exp/errors.hpp"
#include "packages/model_metadata.hpp"

namespace inference_exp::hub {

namespace {

constexpr std::string_view kPath = "/models/v1/external/weights";
constexpr int kMaxPages = 10;
constexpr std::uint64_t kMaxPageBytes = std::uint64_t{16} << 20;
constexpr std::size_t kMaxErrorBytes = std::size_t{4} << 10;
constexpr std::size_t kShownErrorBytes = 500;
/// A page has some ten kilobytes: less than this is no answer but a way to keep us waiting.
constexpr std::uint64_t kMinBytesPerSecond = 200;

/// The key that stands for "no key" where models come from this machine.
constexpr std::string_view kLocalKey = "local";

bool is_sent(std::string_view key) { return !key.empty() && key != kLocalKey; }

/// `text` without `key`, wherever a server repeats it.
std::string without_key(std::string text, std::string_view key) {
  if (!is_sent(key)) return text;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
    text.replace(at, key.size(), "...");
    at += 3;
  }
  return text;
}

/// What a server said about an error, fit for one line of a message.
std::string shown_body(std::string body, std::string_view key) {
  body = without_key(std::move(body), key);
  // A character may have been cut in half at the end.
  for (int i = 0; i < 3 && !body.empty() && !is_utf8_text(body); ++i) body.pop_back();
  if (!is_utf8_text(body)) return "(something that is no text)";
  std::ranges::replace_if(
      body, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }, ' ');
  const std::string_view text = trim(body);
  const std::string_view start = shorten(text, kShownErrorBytes);
  return std::string(start) + (start.size() < text.size() ? "..." : "");
}

std::string quoted(const ProviderRequest& request) {
  constexpr std::size_t kLongestId = 200;
  return '"' + std::string(shorten(request.model_id, kLongestId)) + '"';
}

void check(const ProviderRequest& request) {
  if (trim(request.model_id).empty()) {
    throw InvalidParameterError("The model id is blank.", R"(Name a model, such as "yolov8n-640" or "project/1".)");
  }
  const auto is_visible = [](char c) { return c > ' ' && c < '\x7F'; };
  if (!std::ranges::all_of(request.api_key, is_visible)) {
    throw InvalidParameterError("The API key has blanks or characters that are not ASCII.",
                                "Give the key exactly as Roboflow shows it.");
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || !std::ranges::all_of(name, is_visible) || name.find(':') != std::string::npos ||
        std::ranges::any_of(value, is_control)) {
      throw InvalidParameterError(
          "The header \"" + std::string(shorten(name, 80)) + "\" for the provider can't be sent.",
          "Names are ASCII without blanks and colons, values one line.");
    }
  }
}

[[noreturn]] void throw_failure(const HttpFailure& failure) {
  switch (failure.kind) {
    case HttpFailure::Kind::offline:
      throw ModelRetrievalError(failure.message, "Switch offline mode (OFFLINE_MODE) off, or load a model from disk.");
    case HttpFailure::Kind::tls:
      throw ModelRetrievalError(failure.message,
                                "Check the machine's clock and its certificates; SSL_CERT_FILE names others to trust.");
    default:
      throw ModelRetrievalError(failure.message, "Check ROBOFLOW_API_HOST, and proxies between here and there.");
  }
}

/// Statuses with an error of their own, which come before those that are tried again.
bool is_verdict(int status) {
  return status == 401 || status == 402 || status == 403 || status == 404 || status == 423;
}

[[noreturn]] void throw_status(const ProviderRequest& request, const HttpResponse& response, std::string body) {
  const std::optional<WebAddress> address = parse_web_address(response.url);
  const std::string host = address ? address->shown_host() : "The provider";
  const std::string said = shown_body(std::move(body), request.api_key);
  const std::string reply = said.empty() ? "" : " It says: " + said;
  const std::string model = "the model " + quoted(request);
  switch (response.status) {
    case 401:
      if (!is_sent(request.api_key)) {
        throw UnauthorizedModelAccessError(
            host + " gives " + model + " to nobody without an API key (status 401)." + reply,
            "Give a key in the environment variable ROBOFLOW_API_KEY or in the load "
            "options (hub.api_key); it is found in your Roboflow workspace's settings.");
      }
      throw UnauthorizedModelAccessError(host + " does not know the API key that was given (status 401)." + reply,
                                         "Check ROBOFLOW_API_KEY or the load options (hub.api_key): the key may be "
                                         "incomplete, withdrawn or of another region.");
    case 402:
      throw PaymentRequiredModelAccessError(
          host + " asks for a payment before it gives " + model + " (status 402)." + reply,
          "Look at the plan and the bills of your Roboflow workspace.");
    case 403:
      throw ForbiddenModelAccessError(
          host + " does not allow this API key to use " + model + " (status 403)." + reply,
          "Use a key of the workspace that owns the model, or have the key's rights extended.");
    case 404:
      throw ModelNotFoundError(
          host + " has no " + model.substr(4) + " (status 404)." + reply,
          "Check the spelling: ids are like \"yolov8n-640\" or \"project/version\". A private model "
          "also needs the API key of its workspace.");
    case 423:
      throw UsagePausedModelAccessError(host + " has paused the use of this account (status 423)." + reply,
                                        "Look at your Roboflow workspace for the reason, or ask its support.");
    default:
      throw ModelRetrievalError(
          host + " answered a question for " + model + " with status " + std::to_string(response.status) + "." + reply,
          "Check ROBOFLOW_API_HOST and the model id; if both are right, try again later.");
  }
}

packages::MetadataPage parse(std::string_view body, const ProviderRequest& request, std::string_view source) {
  try {
    return packages::parse_metadata_page(body, source);
  } catch (const ModelRetrievalError& error) {
    // The answer may repeat what it was asked.
    if (!is_sent(request.api_key) || error.message().find(request.api_key) == std::string::npos) throw;
    throw ModelRetrievalError(without_key(error.message(), request.api_key), error.hint());
  }
}

[[noreturn]] void throw_without_packages(std::string_view source, const std::vector<SkippedPackage>& skipped) {
  if (skipped.empty()) {
    throw ModelRetrievalError(std::string(source) + " offers no packages.",
                              "The model may still be in training or conversion; try again later.");
  }
  throw ModelRetrievalError(std::string(source) + " offers no package that this library can read; " +
                                std::to_string(skipped.size()) +
                                " were skipped, the first one because: " + skipped.front().reason,
                            "A later version of this library may know these packages.");
}

}  // namespace

RetryPolicy retry_policy(const HubEnvironment& environment) {
  return {.max_tries = environment.api_max_tries, .statuses = environment.retry_statuses};
}

RoboflowProvider::RoboflowProvider(HubEnvironment environment, std::shared_ptr<HttpClient> client)
    : environment_(std::move(environment)), client_(std::move(client)), retries_(retry_policy(environment_)) {
  std::erase_if(retries_.statuses, is_verdict);
}

RoboflowProvider::RoboflowProvider(HubEnvironment environment, std::shared_ptr<HttpClient> client, RetryPolicy retries)
    : environment_(std::move(environment)), client_(std::move(client)), retries_(std::move(retries)) {
  std::erase_if(retries_.statuses, is_verdict);
}

ModelMetadata RoboflowProvider::model_metadata(const ProviderRequest& request) const {
  check(request);
  ModelMetadata model;
  std::vector<PackageMetadata> packages;
  std::vector<SkippedPackage> skipped;
  std::optional<std::string> next_page = "";
  const std::string source = public_form(environment_.api_host) + " (model " + quoted(request) + ")";
  for (int page = 0; page < kMaxPages && next_page; ++page) {
    packages::MetadataPage read = parse(ask(request, *next_page), request, source);
    std::ranges::move(read.model.packages, std::back_inserter(packages));
    std::ranges::move(read.model.skipped, std::back_inserter(skipped));
    model = std::move(read.model);
    next_page = std::move(read.next_page);
    if (next_page && next_page->empty()) next_page.reset();
  }
  if (next_page) {
    log_warning(source + " has more than " + std::to_string(kMaxPages) + " pages of packages; the rest is left out.");
  }
  if (packages.empty()) throw_without_packages(source, skipped);
  model.packages = std::move(packages);
  model.skipped = std::move(skipped);
  return model;
}

HttpRequest RoboflowProvider::http_request(const ProviderRequest& request, const std::string& start_after) const {
  HttpHeaders query{{"modelId", request.model_id}};
  if (!start_after.empty()) query.emplace_back("startAfter", start_after);
  std::ranges::copy_if(request.query, std::back_inserter(query),
                       [](const auto& entry) { return entry.first != "modelId" && entry.first != "startAfter"; });

  const std::chrono::seconds timeout(environment_.api_timeout_seconds);
  HttpRequest result;
  result.url = through_gateway(with_query(environment_.api_host + std::string(kPath), query), environment_.gateway);
  result.connect_timeout = timeout;
  result.idle_timeout = timeout;
  result.min_bytes_per_second = kMinBytesPerSecond;
  result.max_body_bytes = kMaxPageBytes;
  if (is_sent(request.api_key)) result.bearer_token = request.api_key;
  std::ranges::copy_if(request.headers, std::back_inserter(result.first_host_headers), [&](const auto& header) {
    return result.bearer_token.empty() || lower_case(header.first) != "authorization";
  });
  return result;
}

std::string RoboflowProvider::ask(const ProviderRequest& request, const std::string& start_after) const {
  const HttpRequest question = http_request(request, start_after);
  const std::string host = public_form(environment_.api_host);
  log(LogLevel::debug, "Asking " + host + " for the packages of " + quoted(request) + ".");
  std::string body;
  const auto attempt = [&] {
    body.clear();
    bool is_error = false;
    HttpResult result = client_->send(
        question,
        [&](const HttpResponse& head) {
          is_error = head.status >= 400;
          return true;
        },
        [&](std::span<const std::byte> piece) {
          body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
          return !is_error || body.size() < kMaxErrorBytes;
        });
    // Of what is said about an error the beginning is enough.
    if (is_error && result.failure && result.failure->kind == HttpFailure::Kind::cancelled) result.failure.reset();
    return result;
  };
  const HttpResult result =
      with_retries(retries_, "Asking " + host + " for the packages of the model " + quoted(request), attempt);
  if (result.failure) throw_failure(*result.failure);
  const int status = result.response.status;
  if (status < 200 || status >= 300) throw_status(request, result.response, std::move(body));
  return body;
}

}  // namespace inference_exp::hub
