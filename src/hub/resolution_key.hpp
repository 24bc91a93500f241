// What a request for a model is known by (loading.md, section 5.5).
//
// Contract: pure functions. Secrets enter hashes only.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "inference_exp/load_options.hpp"

namespace inference_exp::hub {

/// The one text of a JSON value: sorted keys, ", " and ": " between, everything outside ASCII escaped.
[[nodiscard]] std::string canonical_json(const Json& value);

/// What this machine can run, as names and values; a change of any makes another key.
using RuntimeFingerprint = std::map<std::string, std::string, std::less<>>;

/// SHA-256 over everything that the choice of a package depends on. `api_key` is the one in effect.
[[nodiscard]] std::string resolution_key(std::string_view model_id, const LoadOptions& options,
                                         std::string_view api_key, const RuntimeFingerprint& runtime);
/// SHA-256 of {"api_key": ...}, with null for an empty key.
[[nodiscard]] std::string credential_hash_of(std::string_view api_key);

}  // namespace inference_exp::hub
