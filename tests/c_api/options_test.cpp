// The option structs of C say what those of C++ say.
#include "c_api/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "inference_exp/errors.hpp"

namespace inference_exp::c_api {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::Pair;

inference_exp_load_options unset_load_options() {
  inference_exp_load_options options;
  inference_exp_load_options_init(&options, sizeof options);
  return options;
}

inference_exp_inference_options unset_inference_options() {
  inference_exp_inference_options options;
  inference_exp_inference_options_init(&options, sizeof options);
  return options;
}

void expect_defaults(const LoadOptions& options) {
  const LoadOptions expected;
  EXPECT_TRUE(options.backends.empty());
  EXPECT_EQ(options.session.device, "");
  EXPECT_EQ(options.session.allow_spinning, expected.session.allow_spinning);
  EXPECT_EQ(options.allow_direct_local_storage_loading, expected.allow_direct_local_storage_loading);
  EXPECT_EQ(options.max_batch_size, expected.max_batch_size);
  EXPECT_EQ(options.model_package_id, expected.model_package_id);
  EXPECT_FALSE(options.batch_size);
  EXPECT_EQ(options.quantization, expected.quantization);
  EXPECT_EQ(options.allow_untrusted_packages, expected.allow_untrusted_packages);
  EXPECT_EQ(options.trt_engine_host_code_allowed, expected.trt_engine_host_code_allowed);
  EXPECT_FALSE(options.nms_fusion_preferences);
  EXPECT_EQ(options.backend_ranking, expected.backend_ranking);
  EXPECT_EQ(options.max_package_loading_attempts, expected.max_package_loading_attempts);
  EXPECT_EQ(options.hub.weights_provider, expected.hub.weights_provider);
  EXPECT_EQ(options.hub.use_auto_resolution_cache, expected.hub.use_auto_resolution_cache);
  EXPECT_EQ(options.hub.verify_hash_while_download, expected.hub.verify_hash_while_download);
  EXPECT_EQ(options.hub.download_files_without_hash, expected.hub.download_files_without_hash);
  EXPECT_EQ(options.hub.file_lock_timeout_seconds, expected.hub.file_lock_timeout_seconds);
  EXPECT_EQ(options.hub.offline, expected.hub.offline);
  EXPECT_FALSE(options.hub.progress);
  EXPECT_EQ(options.architecture, expected.architecture);
  EXPECT_EQ(options.resolution, expected.resolution);
}

TEST(LoadOptionsOfC, WithoutValuesAreTheDefaults) {
  expect_defaults(load_options(nullptr));
  const inference_exp_load_options unset = unset_load_options();
  expect_defaults(load_options(&unset));
}

TEST(LoadOptionsOfC, SayWhereAModelRuns) {
  const std::array<const char*, 2> backends{"onnx", "torch"};
  const std::array<const char*, 1> folders{"/plug/ins"};
  const std::array<inference_exp_key_value, 1> settings{{{"device_id", "1"}}};
  const std::array<inference_exp_execution_provider, 2> providers{
      {{"CUDAExecutionProvider", settings.data(), settings.size()}, {"CPUExecutionProvider", nullptr, 0}}};
  inference_exp_load_options given = unset_load_options();
  given.backends = backends.data();
  given.backend_count = backends.size();
  given.backend_paths = folders.data();
  given.backend_path_count = folders.size();
  given.device = "cuda:1";
  given.execution_providers = providers.data();
  given.execution_provider_count = providers.size();
  given.intra_op_threads = 3;
  given.inter_op_threads = 2;
  given.allow_spinning = 0;
  given.max_batch_size = 8;
  given.precision = "float16";
  given.text_embedding_cache = 100;
  given.allow_direct_local_storage_loading = 0;

  const LoadOptions options = load_options(&given);
  EXPECT_THAT(options.backends, ElementsAre("onnx", "torch"));
  EXPECT_THAT(options.backend_paths, ElementsAre("/plug/ins"));
  EXPECT_EQ(options.session.device, "cuda:1");
  ASSERT_EQ(options.session.execution_providers.size(), 2U);
  EXPECT_EQ(options.session.execution_providers[0].name, "CUDAExecutionProvider");
  EXPECT_THAT(options.session.execution_providers[0].options, ElementsAre(Pair("device_id", "1")));
  EXPECT_TRUE(options.session.execution_providers[1].options.empty());
  EXPECT_EQ(options.session.intra_op_threads, 3);
  EXPECT_EQ(options.session.inter_op_threads, 2);
  EXPECT_THAT(options.session.allow_spinning, Optional(false));
  EXPECT_THAT(options.max_batch_size, Optional(8));
  EXPECT_EQ(options.session.precision, "float16");
  EXPECT_EQ(options.text_embedding_cache, 100U);
  EXPECT_FALSE(options.allow_direct_local_storage_loading);
}

TEST(LoadOptionsOfC, SayWhichPackageMayBeChosen) {
  const std::array<const char*, 2> names{"fp16", "int8"};
  inference_exp_nms_fusion_preferences fusion;
  inference_exp_nms_fusion_preferences_init(&fusion, sizeof fusion);
  fusion.confidence_threshold_low = 0.2;
  fusion.confidence_threshold_high = 0.3;
  fusion.class_agnostic = 1;
  inference_exp_load_options given = unset_load_options();
  given.allow_untrusted_packages = 1;
  given.trt_engine_host_code_allowed = 0;
  given.backend_ranking = INFERENCE_EXP_RANKING_TRT_ONNX_TORCH;
  given.batch_size_min = 2;
  given.batch_size_max = 4;
  given.max_package_loading_attempts = 5;
  given.model_package_id = "aaaa1111";
  given.quantizations = names.data();
  given.quantization_count = names.size();
  given.nms_fusion_preferences = &fusion;

  const LoadOptions options = load_options(&given);
  EXPECT_TRUE(options.allow_untrusted_packages);
  EXPECT_FALSE(options.trt_engine_host_code_allowed);
  EXPECT_EQ(options.backend_ranking, BackendRanking::trt_onnx_torch);
  EXPECT_EQ(options.batch_size.value().min, 2);
  EXPECT_EQ(options.batch_size.value().max, 4);
  EXPECT_THAT(options.max_package_loading_attempts, Optional(5));
  EXPECT_THAT(options.model_package_id, Optional(std::string("aaaa1111")));
  EXPECT_THAT(options.quantization.value(), ElementsAre(Quantization::fp16, Quantization::int8));
  const NmsFusionPreferences preferences = options.nms_fusion_preferences.value();
  EXPECT_FALSE(preferences.max_detections);
  EXPECT_EQ(preferences.confidence_threshold.value().low, 0.2);
  EXPECT_EQ(preferences.confidence_threshold.value().high, 0.3);
  EXPECT_FALSE(preferences.iou_threshold);
  EXPECT_THAT(preferences.class_agnostic, Optional(true));

  given.quantization_count = 0;
  EXPECT_THAT(load_options(&given).quantization.value(), ElementsAre());
}

TEST(LoadOptionsOfC, SayHowFilesGetHere) {
  const std::array<inference_exp_key_value, 2> pairs{{{"part", "1"}, {"part", "2"}}};
  const std::array<const char*, 1> names{"cat"};
  inference_exp_load_options given = unset_load_options();
  given.weights_provider = "shop";
  given.api_key = "key";
  given.provider_query = pairs.data();
  given.provider_query_count = pairs.size();
  given.provider_headers = pairs.data();
  given.provider_header_count = 1;
  given.cache_home = "/cache";
  given.use_auto_resolution_cache = 0;
  given.verify_hash_while_download = 0;
  given.download_files_without_hash = 1;
  given.file_lock_timeout_seconds = 3;
  given.offline = 1;
  given.resolution = 640;
  given.architecture = "rfdetr";
  given.task = "object-detection";
  given.class_names = names.data();
  given.class_name_count = names.size();
  given.model_type = "rfdetr-base";

  const LoadOptions options = load_options(&given);
  EXPECT_EQ(options.hub.weights_provider, "shop");
  EXPECT_EQ(options.hub.api_key, "key");
  EXPECT_THAT(options.hub.provider_query, ElementsAre(Pair("part", "1"), Pair("part", "2")));
  EXPECT_THAT(options.hub.provider_headers, ElementsAre(Pair("part", "1")));
  EXPECT_EQ(options.hub.cache_home, "/cache");
  EXPECT_FALSE(options.hub.use_auto_resolution_cache);
  EXPECT_FALSE(options.hub.verify_hash_while_download);
  EXPECT_TRUE(options.hub.download_files_without_hash);
  EXPECT_THAT(options.hub.file_lock_timeout_seconds, Optional(3));
  EXPECT_THAT(options.hub.offline, Optional(true));
  EXPECT_THAT(options.resolution, Optional(640));
  EXPECT_THAT(options.architecture, Optional(std::string("rfdetr")));
  EXPECT_THAT(options.task, Optional(std::string("object-detection")));
  EXPECT_THAT(options.class_names, ElementsAre("cat"));
  EXPECT_THAT(options.model_type, Optional(std::string("rfdetr-base")));
}

TEST(LoadOptionsOfC, ReportProgressUntilTheCallerHasEnough) {
  struct Seen {
    std::string file;
    std::uint64_t bytes = 0;
    std::int32_t phase = 0;
    std::int32_t answer = 0;
  } seen;
  inference_exp_load_options given = unset_load_options();
  given.progress_user = &seen;
  given.progress = [](void* user, const inference_exp_download_progress* progress) -> std::int32_t {
    auto* there = static_cast<Seen*>(user);
    there->file = progress->file;
    there->bytes = progress->bytes_done;
    there->phase = progress->phase;
    return there->answer;
  };
  const LoadOptions options = load_options(&given);
  DownloadProgress progress{"weights.onnx", 0, 1, DownloadProgress::Phase::verify, 7, 9};
  EXPECT_TRUE(options.hub.progress(progress));
  EXPECT_EQ(seen.file, "weights.onnx");
  EXPECT_EQ(seen.bytes, 7U);
  EXPECT_EQ(seen.phase, INFERENCE_EXP_PHASE_VERIFY);
  seen.answer = 1;
  EXPECT_FALSE(options.hub.progress(progress));
}

template <typename Member, typename Value>
void expect_refused(Member inference_exp_load_options::*member, Value value) {
  inference_exp_load_options given = unset_load_options();
  given.*member = value;
  EXPECT_THROW((void)load_options(&given), InvalidParameterError);
}

TEST(LoadOptionsOfC, RefuseWhatTheyCannotSay) {
  expect_refused(&inference_exp_load_options::offline, 2);
  expect_refused(&inference_exp_load_options::allow_spinning, -2);
  expect_refused(&inference_exp_load_options::allow_untrusted_packages, -1);
  expect_refused(&inference_exp_load_options::backend_ranking, 2);
  expect_refused(&inference_exp_load_options::backend_count, 1);
  expect_refused(&inference_exp_load_options::quantization_count, 1);
  expect_refused(&inference_exp_load_options::provider_query_count, 1);
  expect_refused(&inference_exp_load_options::execution_provider_count, 1);

  inference_exp_nms_fusion_preferences half;
  inference_exp_nms_fusion_preferences_init(&half, sizeof half);
  half.iou_threshold_low = 0.5;
  expect_refused(&inference_exp_load_options::nms_fusion_preferences, &half);

  const char* unknown = "fp7";
  inference_exp_load_options given = unset_load_options();
  given.quantizations = &unknown;
  given.quantization_count = 1;
  EXPECT_THROW((void)load_options(&given), UnknownQuantizationError);
}

TEST(InferenceOptionsOfC, WithoutValuesAreTheDefaults) {
  const inference_exp_inference_options unset = unset_inference_options();
  for (const auto* given : {static_cast<const inference_exp_inference_options*>(nullptr), &unset}) {
    const CallOptions call(given);
    const InferenceOptions& options = call.values();
    EXPECT_FALSE(options.confidence);
    EXPECT_TRUE(options.per_class_confidence.empty());
    EXPECT_FALSE(options.iou_threshold);
    EXPECT_FALSE(options.max_detections);
    EXPECT_FALSE(options.class_agnostic_nms);
    EXPECT_FALSE(options.image_size);
    EXPECT_EQ(options.mask_format, MaskFormat::dense);
    EXPECT_TRUE(options.mask_smoothing);
    EXPECT_FALSE(options.mask_threshold);
    EXPECT_FALSE(options.key_points_threshold);
    EXPECT_FALSE(options.disable_static_crop || options.disable_grayscale || options.disable_contrast_enhancement);
    EXPECT_FALSE(options.disable_cuda_graphs);
    EXPECT_EQ(options.timings, nullptr);
  }
}

TEST(InferenceOptionsOfC, SayEverythingThatACallMayChange) {
  const std::array<inference_exp_class_confidence, 2> classes{{{"cat", 0.5}, {"dog", 0}}};
  inference_exp_stage_timings timings{1, 1, 1};
  inference_exp_inference_options given = unset_inference_options();
  given.confidence = 0;
  given.per_class_confidence = classes.data();
  given.per_class_confidence_count = classes.size();
  given.iou_threshold = 0.25;
  given.max_detections = 9;
  given.class_agnostic_nms = 1;
  given.image_width = 320;
  given.image_height = 160;
  given.mask_format = INFERENCE_EXP_MASKS_RLE;
  given.mask_smoothing = 0;
  given.mask_threshold = 0;
  given.key_points_threshold = 0.125;
  given.disable_static_crop = given.disable_grayscale = given.disable_contrast_enhancement = 1;
  given.disable_cuda_graphs = 1;
  given.timings = &timings;

  const CallOptions call(&given);
  const InferenceOptions& options = call.values();
  EXPECT_THAT(options.confidence, Optional(0.0));
  EXPECT_THAT(options.per_class_confidence, ElementsAre(Pair("cat", 0.5), Pair("dog", 0.0)));
  EXPECT_THAT(options.iou_threshold, Optional(0.25));
  EXPECT_THAT(options.max_detections, Optional(9));
  EXPECT_TRUE(options.class_agnostic_nms);
  EXPECT_EQ(options.image_size, (Size{320, 160}));
  EXPECT_EQ(options.mask_format, MaskFormat::rle);
  EXPECT_FALSE(options.mask_smoothing);
  EXPECT_THAT(options.mask_threshold, Optional(0.0));
  EXPECT_THAT(options.key_points_threshold, Optional(0.125));
  EXPECT_TRUE(options.disable_static_crop && options.disable_grayscale && options.disable_contrast_enhancement);
  EXPECT_TRUE(options.disable_cuda_graphs);

  ASSERT_NE(options.timings, nullptr);
  *options.timings = {2, 3, 4};
  call.report_timings();
  EXPECT_EQ(timings.pre_process, 2);
  EXPECT_EQ(timings.run, 3);
  EXPECT_EQ(timings.post_process, 4);
}

TEST(InferenceOptionsOfC, RefuseWhatTheyCannotSay) {
  inference_exp_inference_options given = unset_inference_options();
  given.mask_format = 2;
  EXPECT_THROW(CallOptions call(&given), InvalidParameterError);
  given = unset_inference_options();
  given.mask_smoothing = -1;
  EXPECT_THROW(CallOptions call(&given), InvalidParameterError);
  given = unset_inference_options();
  given.per_class_confidence_count = 1;
  EXPECT_THROW(CallOptions call(&given), InvalidParameterError);
}

}  // namespace
}  // namespace inference_exp::c_api
