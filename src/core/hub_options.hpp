// The environment variables around model ids, checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/function_ref.hpp"

namespace inference_exp {

/// What concerns model ids (loading.md, section 1.6).
struct HubEnvironment {
  std::string api_key;                       ///< ROBOFLOW_API_KEY
  std::string api_host;                      ///< ROBOFLOW_API_HOST, or by environment and region; no '/' at its end
  std::string gateway;                       ///< SECURE_GATEWAY, or the older LICENSE_SERVER; empty: none
  std::int32_t api_timeout_seconds = 5;      ///< API_CALLS_TIMEOUT
  std::int32_t api_max_tries = 3;            ///< API_CALLS_MAX_TRIES
  std::vector<std::int32_t> retry_statuses;  ///< IDEMPOTENT_API_REQUEST_CODES_TO_RETRY
  /// INFERENCE_HOME, MODEL_CACHE_DIR, else the user's cache folder; absolute. Empty where there is no home either.
  std::filesystem::path cache_home;
  std::int32_t resolution_cache_minutes = 1440;     ///< AUTO_LOADER_CACHE_EXPIRATION_MINUTES; 0: nothing is reused
  std::int32_t file_lock_timeout_seconds = 20;      ///< INFERENCE_MODELS_FILE_LOCK_ACQUIRE_TIMEOUT
  std::int32_t chunk_connect_timeout_seconds = 30;  ///< CHUNK_DOWNLOAD_CONNECT_TIMEOUT
  std::int32_t chunk_read_timeout_seconds = 60;     ///< CHUNK_DOWNLOAD_READ_TIMEOUT
  std::int32_t chunk_max_attempts = 60;             ///< CHUNK_DOWNLOAD_MAX_ATTEMPTS
  bool progress_bars = true;                        ///< unless DISABLE_INTERACTIVE_PROGRESS_BARS
  bool offline = false;                             ///< OFFLINE_MODE
  bool offline_warm_up = false;                     ///< OFFLINE_MODE_WARM_UP
};

/// What overrides the machine probe (loading.md, section 4.1).
struct ProbeEnvironment {
  std::optional<bool> running_on_jetson;  ///< RUNNING_ON_JETSON
  std::string jetson_module;              ///< JETSON_MODULE; empty: unset
  std::string l4t_version;                ///< L4T_VERSION; empty: unset
};

/// Read once, at the first call that succeeds. Throw InvalidEnvVariable, naming the variable and what it may be.
[[nodiscard]] const HubEnvironment& hub_environment();
[[nodiscard]] const ProbeEnvironment& probe_environment();

/// Looks variables up; tests hand in their own. Empty for a variable that is not set.
using VariableLookup = FunctionRef<std::string(const char* name)>;
[[nodiscard]] HubEnvironment read_hub_environment(VariableLookup lookup);
[[nodiscard]] ProbeEnvironment read_probe_environment(VariableLookup lookup);

}  // namespace inference_exp
