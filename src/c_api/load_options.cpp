#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "c_api/arguments.hpp"
#include "c_api/options.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::c_api {
namespace {

// A member that is added later must not lie in what older callers know as padding.
static_assert(offsetof(inference_exp_load_options, progress_user) + sizeof(void*) ==
              sizeof(inference_exp_load_options));
static_assert(offsetof(inference_exp_nms_fusion_preferences, iou_threshold_high) + sizeof(double) ==
              sizeof(inference_exp_nms_fusion_preferences));
static_assert(offsetof(inference_exp_download_progress, bytes_total) + sizeof(std::uint64_t) ==
              sizeof(inference_exp_download_progress));

static_assert(static_cast<int>(DownloadProgress::Phase::verify) == INFERENCE_EXP_PHASE_VERIFY);
static_assert(static_cast<int>(DownloadProgress::Phase::done) == INFERENCE_EXP_PHASE_DONE);

inference_exp_load_options default_load_options() {
  inference_exp_load_options options{};
  options.allow_spinning = -1;
  options.allow_direct_local_storage_loading = 1;
  options.trt_engine_host_code_allowed = 1;
  options.use_auto_resolution_cache = 1;
  options.verify_hash_while_download = 1;
  options.file_lock_timeout_seconds = -1;
  options.offline = -1;
  return options;
}

inference_exp_nms_fusion_preferences default_preferences() {
  inference_exp_nms_fusion_preferences preferences{};
  preferences.class_agnostic = -1;
  preferences.max_detections_low = preferences.max_detections_high = kUnset;
  preferences.confidence_threshold_low = preferences.confidence_threshold_high = kUnset;
  preferences.iou_threshold_low = preferences.iou_threshold_high = kUnset;
  return preferences;
}

std::string text(const char* value) { return value != nullptr ? value : ""; }

std::optional<std::string> optional_text(const char* value) {
  if (value == nullptr) return std::nullopt;
  return value;
}

/// `unset` stands for no value.
std::optional<std::int32_t> optional_number(std::int32_t value, std::int32_t unset) {
  if (value == unset) return std::nullopt;
  return value;
}

/// -1 stands for no value.
std::optional<bool> optional_flag(std::int32_t value, std::string_view option) {
  if (value == 0 || value == 1) return value == 1;
  if (value == -1) return std::nullopt;
  throw InvalidParameterError("The option " + std::string(option) + " is " + std::to_string(value) + ".",
                              "It must be 0, 1, or -1 for unset.");
}

std::optional<NumberRange> optional_range(double low, double high, std::string_view option) {
  if (std::isnan(low) && std::isnan(high)) return std::nullopt;
  if (std::isnan(low) || std::isnan(high)) {
    throw InvalidParameterError("Of the range " + std::string(option) + " only one end is set.",
                                "Set both; one number is a range from it to itself.");
  }
  return NumberRange{low, high};
}

template <typename Pairs>
void append_pairs(const inference_exp_key_value* pairs, std::size_t count, std::string_view option, Pairs& result) {
  for (const inference_exp_key_value& pair : list(pairs, count, option)) {
    result.insert(result.end(), {&required(pair.key, option), &required(pair.value, option)});
  }
}

SessionOptions session_options(const inference_exp_load_options& given) {
  SessionOptions session;
  session.device = text(given.device);
  const auto providers = list(given.execution_providers, given.execution_provider_count, "execution_providers");
  for (const inference_exp_execution_provider& provider : providers) {
    ExecutionProvider& added =
        session.execution_providers.emplace_back(ExecutionProvider{&required(provider.name, "execution_providers")});
    append_pairs(provider.options, provider.option_count, "execution_providers", added.options);
  }
  session.intra_op_threads = given.intra_op_threads;
  session.inter_op_threads = given.inter_op_threads;
  session.allow_spinning = optional_flag(given.allow_spinning, "allow_spinning");
  session.precision = text(given.precision);
  return session;
}

std::optional<std::vector<Quantization>> quantizations(const inference_exp_load_options& given) {
  if (given.quantizations == nullptr && given.quantization_count == 0) return std::nullopt;
  std::vector<Quantization> result;
  for (const std::string& name : texts(given.quantizations, given.quantization_count, "quantizations")) {
    result.push_back(parse_quantization(name));
  }
  return result;
}

std::optional<NmsFusionPreferences> nms_fusion_preferences(const inference_exp_nms_fusion_preferences* preferences) {
  if (preferences == nullptr) return std::nullopt;
  const auto given = read_struct(*preferences, default_preferences(), "nms_fusion_preferences");
  return NmsFusionPreferences{
      optional_range(given.max_detections_low, given.max_detections_high, "max_detections"),
      optional_range(given.confidence_threshold_low, given.confidence_threshold_high, "confidence_threshold"),
      optional_range(given.iou_threshold_low, given.iou_threshold_high, "iou_threshold"),
      optional_flag(given.class_agnostic, "class_agnostic")};
}

BackendRanking backend_ranking(std::int32_t value) {
  if (value == INFERENCE_EXP_RANKING_TRT_TORCH_ONNX) return BackendRanking::trt_torch_onnx;
  if (value == INFERENCE_EXP_RANKING_TRT_ONNX_TORCH) return BackendRanking::trt_onnx_torch;
  throw InvalidParameterError("The option backend_ranking is " + std::to_string(value) + ".",
                              "Use one of the constants of inference_exp.h.");
}

ProgressCallback progress_callback(inference_exp_progress_callback callback, void* user) {
  if (callback == nullptr) return {};
  return [callback, user](const DownloadProgress& progress) {
    inference_exp_download_progress told{};
    told.struct_size = sizeof(told);
    told.phase = static_cast<std::int32_t>(progress.phase);
    told.file = progress.file.c_str();
    told.file_index = progress.file_index;
    told.file_count = progress.file_count;
    told.bytes_done = progress.bytes_done;
    told.bytes_total = progress.bytes_total;
    return callback(user, &told) == 0;
  };
}

HubOptions hub_options(const inference_exp_load_options& given) {
  HubOptions hub;
  if (given.weights_provider != nullptr) hub.weights_provider = given.weights_provider;
  hub.api_key = text(given.api_key);
  append_pairs(given.provider_query, given.provider_query_count, "provider_query", hub.provider_query);
  append_pairs(given.provider_headers, given.provider_header_count, "provider_headers", hub.provider_headers);
  hub.cache_home = text(given.cache_home);
  hub.use_auto_resolution_cache = flag(given.use_auto_resolution_cache, "use_auto_resolution_cache");
  hub.verify_hash_while_download = flag(given.verify_hash_while_download, "verify_hash_while_download");
  hub.download_files_without_hash = flag(given.download_files_without_hash, "download_files_without_hash");
  hub.file_lock_timeout_seconds = optional_number(given.file_lock_timeout_seconds, -1);
  hub.offline = optional_flag(given.offline, "offline");
  hub.progress = progress_callback(given.progress, given.progress_user);
  return hub;
}

/// What says which package of a model id may be chosen.
void choose_packages(const inference_exp_load_options& given, LoadOptions& result) {
  result.allow_untrusted_packages = flag(given.allow_untrusted_packages, "allow_untrusted_packages");
  result.trt_engine_host_code_allowed = flag(given.trt_engine_host_code_allowed, "trt_engine_host_code_allowed");
  result.backend_ranking = backend_ranking(given.backend_ranking);
  if (given.batch_size_min != 0 || given.batch_size_max != 0) {
    result.batch_size = BatchRange{given.batch_size_min, given.batch_size_max};
  }
  result.max_package_loading_attempts = optional_number(given.max_package_loading_attempts, 0);
  result.model_package_id = optional_text(given.model_package_id);
  result.quantization = quantizations(given);
  result.nms_fusion_preferences = nms_fusion_preferences(given.nms_fusion_preferences);
}

}  // namespace

LoadOptions load_options(const inference_exp_load_options* options) {
  if (options == nullptr) return {};
  const auto given = read_struct(*options, default_load_options(), "options");
  LoadOptions result;
  result.backends = texts(given.backends, given.backend_count, "backends");
  for (std::string& folder : texts(given.backend_paths, given.backend_path_count, "backend_paths")) {
    result.backend_paths.emplace_back(std::move(folder));
  }
  result.session = session_options(given);
  result.allow_direct_local_storage_loading =
      flag(given.allow_direct_local_storage_loading, "allow_direct_local_storage_loading");
  result.max_batch_size = optional_number(given.max_batch_size, 0);
  result.text_embedding_cache = given.text_embedding_cache;
  choose_packages(given, result);
  result.hub = hub_options(given);
  result.architecture = optional_text(given.architecture);
  result.task = optional_text(given.task);
  result.class_names = texts(given.class_names, given.class_name_count, "class_names");
  result.model_type = optional_text(given.model_type);
  result.resolution = optional_number(given.resolution, 0);
  return result;
}

}  // namespace inference_exp::c_api

void inference_exp_load_options_init(inference_exp_load_options* options, size_t struct_size) {
  using namespace inference_exp::c_api;
  init_struct(options, struct_size, default_load_options());
}

void inference_exp_nms_fusion_preferences_init(inference_exp_nms_fusion_preferences* preferences, size_t struct_size) {
  using namespace inference_exp::c_api;
  init_struct(preferences, struct_size, default_preferences());
}
