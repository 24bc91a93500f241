#include "core/hub_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>

#include "core/log.hpp"
#include "core/options.hpp"
#include "core/text.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const char* name, std::string_view value, std::string_view expected) {
  throw InvalidEnvVariable(
      "The environment variable " + std::string(name) + " is \"" + std::string(shorten(value, 80)) + "\".",
      "It must be " + std::string(expected) + ", or be unset.");
}

/// The variables as typed values; an unset one leaves the default.
class Reader {
 public:
  explicit Reader(VariableLookup lookup) : lookup_(lookup) {}

  [[nodiscard]] std::string text(const char* name) const { return std::string(trim(lookup_(name))); }

  [[nodiscard]] std::optional<bool> boolean(const char* name) const {
    const std::string value = text(name);
    if (value.empty()) return std::nullopt;
    const std::string word = lower_case(value);
    if (word != "true" && word != "false") refuse(name, value, "true or false");
    return word == "true";
  }

  void read(const char* name, bool& result) const { result = boolean(name).value_or(result); }

  void read(const char* name, std::int32_t& result, std::int32_t minimum) const {
    const std::string value = text(name);
    if (value.empty()) return;
    const std::optional<std::int32_t> number = parse_decimal(value);
    if (!number || *number < minimum) refuse(name, value, "a whole number of at least " + std::to_string(minimum));
    result = *number;
  }

  /// Seconds, fractions rounded up.
  void read_seconds(const char* name, std::int32_t& result) const {
    const std::string value = text(name);
    if (value.empty()) return;
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    constexpr double kDay = 86400;
    if (error != std::errc{} || end != value.data() + value.size() || !(number > 0) || number > kDay) {
      refuse(name, value, "a number of seconds above 0, at most a day's");
    }
    result = static_cast<std::int32_t>(std::ceil(number));
  }

 private:
  VariableLookup lookup_;
};

std::string without_final_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string api_host(const Reader& reader) {
  if (std::string host = reader.text("ROBOFLOW_API_HOST"); !host.empty()) return without_final_slash(std::move(host));
  const std::string environment = lower_case(reader.text("ROBOFLOW_ENVIRONMENT"));
  const bool production = environment.empty() || environment == "prod";
  const std::string region = lower_case(reader.text("ROBOFLOW_REGION"));
  if (region == "eu") return production ? "https://api.roboflow.eu" : "https://api.roboflow-eu.one";
  if (!region.empty() && region != "us") log_warning("ROBOFLOW_REGION is neither us nor eu; us is used.");
  return production ? "https://api.roboflow.com" : "https://api.roboflow.one";
}

std::string gateway(const Reader& reader) {
  std::string address = reader.text("SECURE_GATEWAY");
  if (address.empty()) address = reader.text("LICENSE_SERVER");
  if (!address.empty() && address.find("://") == std::string::npos) address.insert(0, "http://");
  return without_final_slash(std::move(address));
}

/// Links in the cache hold whole paths, and the working folder may change.
fs::path absolute_path(const fs::path& path) {
  std::error_code error;
  fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute;
}

fs::path cache_home(const Reader& reader) {
  for (const char* name : {"INFERENCE_HOME", "MODEL_CACHE_DIR"}) {
    if (const std::string home = reader.text(name); !home.empty()) return absolute_path(home);
  }
  // The XDG rules: a relative path there counts as none.
  if (const fs::path cache = reader.text("XDG_CACHE_HOME"); cache.is_absolute()) return cache / "inference-exp";
  if (const fs::path home = reader.text("HOME"); home.is_absolute()) return home / ".cache" / "inference-exp";
  return {};
}

std::vector<std::int32_t> retry_statuses(const Reader& reader) {
  constexpr const char* kName = "IDEMPOTENT_API_REQUEST_CODES_TO_RETRY";
  const std::string value = reader.text(kName);
  if (value.empty()) return {408, 429, 502, 503, 504};
  std::vector<std::int32_t> statuses;
  for (const std::string& part : split_list(value, ',')) {
    const std::optional<std::int32_t> status = parse_decimal(part);
    if (!status || *status < 100 || *status > 599) refuse(kName, value, "a list of HTTP status codes such as 429,503");
    statuses.push_back(*status);
  }
  return statuses;
}

std::string l4t_version(const Reader& reader) {
  constexpr const char* kName = "L4T_VERSION";
  std::string value = reader.text(kName);
  if (value.empty()) return value;
  const auto is_number = [](const std::string& part) { return parse_decimal(part).has_value(); };
  const bool stray_dot = value.starts_with('.') || value.ends_with('.') || value.find("..") != std::string::npos;
  if (stray_dot || !std::ranges::all_of(split_list(value, '.'), is_number))
    refuse(kName, value, "a version such as 36.4.3");
  return value;
}

constexpr auto kProcessVariables = [](const char* name) { return environment_variable(name); };

}  // namespace

HubEnvironment read_hub_environment(VariableLookup lookup) {
  const Reader reader(lookup);
  HubEnvironment result;
  result.api_key = reader.text("ROBOFLOW_API_KEY");
  result.api_host = api_host(reader);
  result.gateway = gateway(reader);
  reader.read_seconds("API_CALLS_TIMEOUT", result.api_timeout_seconds);
  reader.read("API_CALLS_MAX_TRIES", result.api_max_tries, 1);
  result.retry_statuses = retry_statuses(reader);
  result.cache_home = cache_home(reader);
  reader.read("AUTO_LOADER_CACHE_EXPIRATION_MINUTES", result.resolution_cache_minutes, 0);
  reader.read_seconds("INFERENCE_MODELS_FILE_LOCK_ACQUIRE_TIMEOUT", result.file_lock_timeout_seconds);
  reader.read_seconds("CHUNK_DOWNLOAD_CONNECT_TIMEOUT", result.chunk_connect_timeout_seconds);
  reader.read_seconds("CHUNK_DOWNLOAD_READ_TIMEOUT", result.chunk_read_timeout_seconds);
  reader.read("CHUNK_DOWNLOAD_MAX_ATTEMPTS", result.chunk_max_attempts, 1);
  result.progress_bars = !reader.boolean("DISABLE_INTERACTIVE_PROGRESS_BARS").value_or(false);
  reader.read("OFFLINE_MODE", result.offline);
  reader.read("OFFLINE_MODE_WARM_UP", result.offline_warm_up);
  return result;
}

ProbeEnvironment read_probe_environment(VariableLookup lookup) {
  const Reader reader(lookup);
  return {.running_on_jetson = reader.boolean("RUNNING_ON_JETSON"),
          .jetson_module = reader.text("JETSON_MODULE"),
          .l4t_version = l4t_version(reader)};
}

const HubEnvironment& hub_environment() {
  static const HubEnvironment instance = read_hub_environment(kProcessVariables);
  return instance;
}

const ProbeEnvironment& probe_environment() {
  static const ProbeEnvironment instance = read_probe_environment(kProcessVariables);
  return instance;
}

}  // namespace inference_exp
