#include "hub/resolution_key.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/text.hpp"
#include "hub/hashing.hpp"
#include "packages/manifest_parts.hpp"

namespace inference_exp::hub {

namespace {

std::string text_json(const std::string& text) {
  return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json text_or_null(std::string_view text) { return text.empty() ? Json() : Json(text); }

Json sorted_or_null(std::vector<std::string> words) {
  if (words.empty()) return {};
  std::ranges::sort(words);
  return words;
}

Json backends_json(const std::vector<std::string>& backends) {
  std::vector<std::string> words;
  words.reserve(backends.size());
  for (const std::string& backend : backends) words.push_back(lower_case(backend));
  return sorted_or_null(std::move(words));
}

/// Unset is null and any is an empty list: they choose differently.
Json quantizations_json(const std::optional<std::vector<Quantization>>& quantizations) {
  if (!quantizations) return {};
  std::vector<std::string> words;
  for (const Quantization quantization : *quantizations) words.emplace_back(quantization_name(quantization));
  std::ranges::sort(words);
  return words;
}

Json providers_json(const std::vector<ExecutionProvider>& providers) {
  if (providers.empty()) return {};
  Json result = Json::array();
  for (const ExecutionProvider& provider : providers) {
    result.push_back(provider.options.empty() ? Json(provider.name) : Json::array({provider.name, provider.options}));
  }
  return result;
}

Json range_json(const std::optional<NumberRange>& range) {
  return range ? Json::array({range->low, range->high}) : Json();
}

Json nms_json(const std::optional<NmsFusionPreferences>& nms) {
  if (!nms) return {};
  return {{"max_detections", range_json(nms->max_detections)},
          {"confidence_threshold", range_json(nms->confidence_threshold)},
          {"iou_threshold", range_json(nms->iou_threshold)},
          {"class_agnostic", packages::json_or_null(nms->class_agnostic)}};
}

/// Pairs in the caller's order, as repeated names are lists.
Json pairs_json(const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (pairs.empty()) return {};
  Json result = Json::array();
  for (const auto& [name, value] : pairs) result.push_back(Json::array({name, value}));
  return result;
}

std::string_view ranking_word(BackendRanking ranking) {
  return ranking == BackendRanking::trt_torch_onnx ? "trt-torch-onnx" : "trt-onnx-torch";
}

Json runtime_json(const RuntimeFingerprint& runtime) { return {{"version", 1}, {"facts", runtime}}; }

}  // namespace

std::string canonical_json(const Json& value) {
  std::string text;
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      text += (text.empty() ? "" : ", ") + text_json(key) + ": " + canonical_json(member);
    }
    return "{" + text + "}";
  }
  if (value.is_array()) {
    for (const Json& element : value) text += (text.empty() ? "" : ", ") + canonical_json(element);
    return "[" + text + "]";
  }
  return value.is_string() ? text_json(value.get_ref<const std::string&>()) : value.dump();
}

std::string credential_hash_of(std::string_view api_key) {
  return sha256_hex(canonical_json({{"api_key", text_or_null(api_key)}}));
}

std::string resolution_key(std::string_view model_id, const LoadOptions& options, std::string_view api_key,
                           const RuntimeFingerprint& runtime) {
  const HubOptions& hub = options.hub;
  const std::optional<BatchRange>& batch = options.batch_size;
  return sha256_hex(canonical_json({
      {"provider", hub.weights_provider},
      {"model_id", model_id},
      {"api_key", text_or_null(api_key)},
      {"requested_model_package_id", packages::json_or_null(options.model_package_id)},
      {"requested_backends", backends_json(options.backends)},
      {"requested_batch_size", batch ? Json::array({batch->min, batch->max}) : Json()},
      {"requested_quantization", quantizations_json(options.quantization)},
      {"device", text_or_null(options.session.device)},
      {"onnx_execution_providers", providers_json(options.session.execution_providers)},
      {"allow_untrusted_packages", options.allow_untrusted_packages},
      {"trt_engine_host_code_allowed", options.trt_engine_host_code_allowed},
      {"nms_fusion_preferences", nms_json(options.nms_fusion_preferences)},
      {"backend_ranking", ranking_word(options.backend_ranking)},
      {"verify_hash_while_download", hub.verify_hash_while_download},
      {"download_files_without_hash", hub.download_files_without_hash},
      {"max_package_loading_attempts", packages::json_or_null(options.max_package_loading_attempts)},
      {"weights_provider_extra_query_params", pairs_json(hub.provider_query)},
      {"weights_provider_extra_headers", pairs_json(hub.provider_headers)},
      {"runtime_compatibility", runtime_json(runtime)},
  }));
}

}  // namespace inference_exp::hub
