#include "core/hub_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Variables = std::map<std::string, std::string>;

HubEnvironment read(const Variables& variables) {
  return read_hub_environment([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

ProbeEnvironment read_probe(const Variables& variables) {
  return read_probe_environment([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

/// Expects a refusal that names the variable.
void expect_refused(const std::string& name, const std::string& value) {
  const Variables variables{{name, value}};
  try {
    (void)read(variables);
    (void)read_probe(variables);
    ADD_FAILURE() << name << "=" << value << " was taken";
  } catch (const InvalidEnvVariable& error) {
    EXPECT_THAT(error.message(), HasSubstr(name));
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST(HubOptions, WithoutVariablesTheDefaultsHold) {
  const HubEnvironment environment = read({});
  EXPECT_EQ(environment.api_key, "");
  EXPECT_EQ(environment.api_host, "https://api.roboflow.com");
  EXPECT_EQ(environment.gateway, "");
  EXPECT_EQ(environment.api_timeout_seconds, 5);
  EXPECT_EQ(environment.api_max_tries, 3);
  EXPECT_THAT(environment.retry_statuses, ElementsAre(408, 429, 502, 503, 504));
  EXPECT_EQ(environment.cache_home, "");
  EXPECT_EQ(environment.resolution_cache_minutes, 1440);
  EXPECT_EQ(environment.file_lock_timeout_seconds, 20);
  EXPECT_EQ(environment.chunk_connect_timeout_seconds, 30);
  EXPECT_EQ(environment.chunk_read_timeout_seconds, 60);
  EXPECT_EQ(environment.chunk_max_attempts, 60);
  EXPECT_TRUE(environment.progress_bars);
  EXPECT_FALSE(environment.offline);
  EXPECT_FALSE(environment.offline_warm_up);
}

TEST(HubOptions, EveryVariableArrives) {
  const HubEnvironment environment = read({{"ROBOFLOW_API_KEY", " secret\n"},
                                           {"API_CALLS_TIMEOUT", "7"},
                                           {"API_CALLS_MAX_TRIES", "1"},
                                           {"IDEMPOTENT_API_REQUEST_CODES_TO_RETRY", "429, 503,"},
                                           {"AUTO_LOADER_CACHE_EXPIRATION_MINUTES", "0"},
                                           {"INFERENCE_MODELS_FILE_LOCK_ACQUIRE_TIMEOUT", "8"},
                                           {"CHUNK_DOWNLOAD_CONNECT_TIMEOUT", "9"},
                                           {"CHUNK_DOWNLOAD_READ_TIMEOUT", "10"},
                                           {"CHUNK_DOWNLOAD_MAX_ATTEMPTS", "11"},
                                           {"DISABLE_INTERACTIVE_PROGRESS_BARS", "true"},
                                           {"OFFLINE_MODE", "true"},
                                           {"OFFLINE_MODE_WARM_UP", "true"}});
  EXPECT_EQ(environment.api_key, "secret");
  EXPECT_EQ(environment.api_timeout_seconds, 7);
  EXPECT_EQ(environment.api_max_tries, 1);
  EXPECT_THAT(environment.retry_statuses, ElementsAre(429, 503));
  EXPECT_EQ(environment.resolution_cache_minutes, 0);
  EXPECT_EQ(environment.file_lock_timeout_seconds, 8);
  EXPECT_EQ(environment.chunk_connect_timeout_seconds, 9);
  EXPECT_EQ(environment.chunk_read_timeout_seconds, 10);
  EXPECT_EQ(environment.chunk_max_attempts, 11);
  EXPECT_FALSE(environment.progress_bars);
  EXPECT_TRUE(environment.offline);
  EXPECT_TRUE(environment.offline_warm_up);
}

TEST(HubOptions, BooleansAreTrueOrFalseInAnyCase) {
  for (const char* value : {"true", "TRUE", "True", " tRuE "}) EXPECT_TRUE(read({{"OFFLINE_MODE", value}}).offline);
  for (const char* value : {"false", "FALSE", "False", ""}) EXPECT_FALSE(read({{"OFFLINE_MODE", value}}).offline);
  for (const char* name :
       {"OFFLINE_MODE", "OFFLINE_MODE_WARM_UP", "DISABLE_INTERACTIVE_PROGRESS_BARS", "RUNNING_ON_JETSON"}) {
    for (const char* value : {"1", "yes", "tru", "true false"}) expect_refused(name, value);
  }
}

TEST(HubOptions, FractionsOfSecondsAreRoundedUp) {
  EXPECT_EQ(read({{"API_CALLS_TIMEOUT", "0.1"}}).api_timeout_seconds, 1);
  EXPECT_EQ(read({{"CHUNK_DOWNLOAD_READ_TIMEOUT", "60.0"}}).chunk_read_timeout_seconds, 60);
  EXPECT_EQ(read({{"CHUNK_DOWNLOAD_CONNECT_TIMEOUT", "2.5"}}).chunk_connect_timeout_seconds, 3);
  for (const char* name : {"API_CALLS_TIMEOUT", "INFERENCE_MODELS_FILE_LOCK_ACQUIRE_TIMEOUT",
                           "CHUNK_DOWNLOAD_CONNECT_TIMEOUT", "CHUNK_DOWNLOAD_READ_TIMEOUT"}) {
    for (const char* value : {"0", "-1", "5s", "nan", "inf", "1e9", "five"}) expect_refused(name, value);
  }
}

TEST(HubOptions, CountsAreWholeNumbers) {
  for (const char* name :
       {"API_CALLS_MAX_TRIES", "AUTO_LOADER_CACHE_EXPIRATION_MINUTES", "CHUNK_DOWNLOAD_MAX_ATTEMPTS"}) {
    for (const char* value : {"-1", "1.5", "3x", "99999999999"}) expect_refused(name, value);
  }
  expect_refused("API_CALLS_MAX_TRIES", "0");
  expect_refused("CHUNK_DOWNLOAD_MAX_ATTEMPTS", "0");
}

TEST(HubOptions, StatusesToRetryAreStatuses) {
  for (const char* value : {"99", "600", "429;503", "429,no"}) {
    expect_refused("IDEMPOTENT_API_REQUEST_CODES_TO_RETRY", value);
  }
}

TEST(HubOptions, TheHostFollowsEnvironmentAndRegion) {
  const auto host = [](const char* environment, const char* region) {
    return read({{"ROBOFLOW_ENVIRONMENT", environment}, {"ROBOFLOW_REGION", region}}).api_host;
  };
  EXPECT_EQ(host("prod", "us"), "https://api.roboflow.com");
  EXPECT_EQ(host("staging", ""), "https://api.roboflow.one");
  EXPECT_EQ(host("anything", "US"), "https://api.roboflow.one");
  EXPECT_EQ(host("", "eu"), "https://api.roboflow.eu");
  EXPECT_EQ(host("staging", "EU"), "https://api.roboflow-eu.one");
}

TEST(HubOptions, AHostThatIsNamedCountsWhateverTheRegion) {
  const Variables variables{{"ROBOFLOW_API_HOST", "https://hub.example/api//"}, {"ROBOFLOW_REGION", "eu"}};
  EXPECT_EQ(read(variables).api_host, "https://hub.example/api");
}

TEST(HubOptions, AnUnknownRegionIsWarnedOfAndTakenForTheUs) {
  std::vector<std::string> warnings;
  set_log_callback([&](LogLevel level, std::string_view message) {
    if (level == LogLevel::warning) warnings.emplace_back(message);
  });
  EXPECT_EQ(read({{"ROBOFLOW_REGION", "mars"}}).api_host, "https://api.roboflow.com");
  set_log_callback({});
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("ROBOFLOW_REGION")));
}

TEST(HubOptions, TheGatewayHasAnOlderName) {
  EXPECT_EQ(read({{"LICENSE_SERVER", "10.0.0.1"}}).gateway, "http://10.0.0.1");
  EXPECT_EQ(read({{"LICENSE_SERVER", "old"}, {"SECURE_GATEWAY", "new:8080"}}).gateway, "http://new:8080");
  EXPECT_EQ(read({{"SECURE_GATEWAY", "https://gateway.example/base/"}}).gateway, "https://gateway.example/base");
}

TEST(HubOptions, TheCacheHasAHome) {
  Variables variables{{"HOME", "/home/ada"}};
  EXPECT_EQ(read(variables).cache_home, "/home/ada/.cache/inference-exp");
  variables["XDG_CACHE_HOME"] = "/var/cache/ada";
  EXPECT_EQ(read(variables).cache_home, "/var/cache/ada/inference-exp");
  variables["MODEL_CACHE_DIR"] = "/models";
  EXPECT_EQ(read(variables).cache_home, "/models");
  variables["INFERENCE_HOME"] = "/inference";
  EXPECT_EQ(read(variables).cache_home, "/inference");
}

TEST(HubOptions, RelativePathsOfXdgAndHomeDoNotCount) {
  EXPECT_EQ(read({{"XDG_CACHE_HOME", "cache"}, {"HOME", "/home/ada"}}).cache_home, "/home/ada/.cache/inference-exp");
  EXPECT_EQ(read({{"XDG_CACHE_HOME", "cache"}, {"HOME", "ada"}}).cache_home, "");
}

TEST(HubOptions, ARelativeInferenceHomeStartsAtTheWorkingFolder) {
  EXPECT_EQ(read({{"INFERENCE_HOME", "models"}}).cache_home, std::filesystem::current_path() / "models");
}

TEST(HubOptions, JetsonsHaveVariablesOfTheirOwn) {
  EXPECT_EQ(read_probe({}).running_on_jetson, std::nullopt);
  EXPECT_EQ(read_probe({}).jetson_module, "");
  EXPECT_EQ(read_probe({}).l4t_version, "");
  const ProbeEnvironment environment = read_probe(
      {{"RUNNING_ON_JETSON", "False"}, {"JETSON_MODULE", "NVIDIA Jetson Nano"}, {"L4T_VERSION", " 32.7.1 "}});
  EXPECT_EQ(environment.running_on_jetson, false);
  EXPECT_EQ(environment.jetson_module, "NVIDIA Jetson Nano");
  EXPECT_EQ(environment.l4t_version, "32.7.1");
  for (const char* value : {"R36", "36.", ".36", "36..4", "36.4 3", "36.4.3-1"}) expect_refused("L4T_VERSION", value);
}

TEST(HubOptions, AreReadOnce) {
  EXPECT_EQ(&hub_environment(), &hub_environment());
  EXPECT_EQ(&probe_environment(), &probe_environment());
}

}  // namespace
}  // namespace inference_exp
