#include "hub/resolution_cache.hpp"

#include <gtest/gtest.h>

#include "hub/cache_fixture.hpp"
#include "hub/hashing.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::read_file;
using testing::sample_model;
using testing::sample_package;
using testing::write_file;

// --- the key ---

Json usual_request() {
  return {{"provider", "roboflow"},
          {"model_id", "yolov8n-640"},
          {"api_key", nullptr},
          {"requested_model_package_id", nullptr},
          {"requested_backends", nullptr},
          {"requested_batch_size", nullptr},
          {"requested_quantization", nullptr},
          {"device", "cpu"},
          {"onnx_execution_providers", nullptr},
          {"allow_untrusted_packages", false},
          {"trt_engine_host_code_allowed", true}};
}

// The vectors of loading.md, section 5.5.
TEST(CanonicalJson, GivesTheReferenceHashes) {
  Json request = usual_request();
  EXPECT_EQ(sha256_hex(canonical_json(request)), "289590fdf2d27a8db5ac2f98c11ce6c29f6984da22b20c182255435704c4dd28");
  request["device"] = "cuda:0";
  request["requested_backends"] = {"trt", "onnx"};
  request["requested_batch_size"] = {1, 8};
  EXPECT_EQ(sha256_hex(canonical_json(request)), "032e2dd75dee9c55ee8b711a39971239129a827f75476c5e231abf09f5bcd57e");
  EXPECT_EQ(credential_hash_of(""), "91d9e205685fee945e81d9d6fcfc785d50762ac9cbf4f00f5d5a58eb753d0d4f");
}

TEST(CanonicalJson, HasOneTextForAValue) {
  EXPECT_EQ(canonical_json({{"b", {1, 2.5, true}}, {"a", nullptr}}), R"({"a": null, "b": [1, 2.5, true]})");
  EXPECT_EQ(canonical_json(Json::array()), "[]");
  EXPECT_EQ(canonical_json(Json::object()), "{}");
  EXPECT_EQ(canonical_json("\u00e9\U0001F600\"\\\n\x7f"), R"("\u00e9\ud83d\ude00\"\\\n\u007f")");
}

const RuntimeFingerprint kRuntime{{"onnxruntime", "1.22"}, {"gpu", "nvidia-l4"}};

std::string key_of(const LoadOptions& options) { return resolution_key("coco/3", options, "key", kRuntime); }

TEST(ResolutionKeys, AreTheSameForTheSameRequest) {
  LoadOptions left;
  left.backends = {"onnx", "TRT"};
  left.quantization = {Quantization::fp32, Quantization::fp16};
  LoadOptions right;
  right.backends = {"trt", "onnx"};
  right.quantization = {Quantization::fp16, Quantization::fp32};
  EXPECT_EQ(key_of(left), key_of(right));
  EXPECT_TRUE(is_hex_digest(key_of(left), HashKind::sha256));
}

TEST(ResolutionKeys, DifferWithEverythingThatMatters) {
  std::set<std::string> keys{key_of({})};
  const auto expect_other = [&](const std::string& key, const char* what) {
    EXPECT_TRUE(keys.insert(key).second) << what;
  };
  const auto with = [&](const char* what, auto change) {
    LoadOptions options;
    change(options);
    expect_other(key_of(options), what);
  };
  with("backends", [](LoadOptions& o) { o.backends = {"onnx"}; });
  with("package", [](LoadOptions& o) { o.model_package_id = "0a1b"; });
  with("batch", [](LoadOptions& o) { o.batch_size = BatchRange{1, 8}; });
  with("quantization", [](LoadOptions& o) { o.quantization = {Quantization::int8}; });
  with("any quantization", [](LoadOptions& o) { o.quantization.emplace(); });
  with("device", [](LoadOptions& o) { o.session.device = "cuda:0"; });
  with("providers", [](LoadOptions& o) { o.session.execution_providers = {{"CPUExecutionProvider"}}; });
  with("provider options", [](LoadOptions& o) {
    o.session.execution_providers = {{"CPUExecutionProvider", {{"a", "1"}}}};
  });
  with("untrusted", [](LoadOptions& o) { o.allow_untrusted_packages = true; });
  with("host code", [](LoadOptions& o) { o.trt_engine_host_code_allowed = false; });
  with("nms", [](LoadOptions& o) { o.nms_fusion_preferences = NmsFusionPreferences::usual(); });
  with("any nms", [](LoadOptions& o) { o.nms_fusion_preferences.emplace(); });
  with("ranking", [](LoadOptions& o) { o.backend_ranking = BackendRanking::trt_onnx_torch; });
  with("attempts", [](LoadOptions& o) { o.max_package_loading_attempts = 1; });
  with("weights provider", [](LoadOptions& o) { o.hub.weights_provider = "mine"; });
  with("verification", [](LoadOptions& o) { o.hub.verify_hash_while_download = false; });
  with("files without hash", [](LoadOptions& o) { o.hub.download_files_without_hash = true; });
  with("query", [](LoadOptions& o) { o.hub.provider_query = {{"a", "b"}}; });
  with("headers", [](LoadOptions& o) { o.hub.provider_headers = {{"a", "b"}}; });
  expect_other(resolution_key("coco/4", {}, "key", kRuntime), "model");
  expect_other(resolution_key("coco/3", {}, "", kRuntime), "no key");
  expect_other(resolution_key("coco/3", {}, "key", {{"onnxruntime", "1.23"}}), "runtime");
}

// --- entries ---

const std::string kKey(64, 'a');
constexpr std::string_view kSecret = "sk-very-secret-key";

class ResolutionCacheTest : public testing::CacheTest {
 protected:
  void SetUp() override {
    CacheTest::SetUp();
    entry_ = entry_for(load());
  }
  static ResolutionEntry entry_for(const MaterializedPackage& files) {
    ResolutionEntry entry;
    entry.model_id = "yolov8n-640";
    entry.canonical_model_id = "coco/3";
    entry.cache_model_id = "coco/3";
    entry.package_id = "0a1b2c3d";
    entry.resolved_files = files.resolved_files();
    entry.architecture = "yolov8";
    entry.task = "object-detection";
    entry.backend = "onnx";
    entry.features = {{"nms_fused", R"({"class_agnostic":false})"}};
    entry.recommended = RecommendedParameters{0.4, {{"person", 0.5}}};
    entry.trusted = true;
    entry.credential_hash = credential_hash_of(kSecret);
    return entry;
  }
  [[nodiscard]] std::optional<ResolutionEntry> retrieve() { return cache_.retrieve(kKey, access_); }
  [[nodiscard]] std::optional<fs::path> use(const LoadOptions& options = {}, std::string_view model = "yolov8n-640",
                                            std::string_view api_key = kSecret) {
    return usable_folder(home_, entry_, model, options, api_key, access_);
  }

  std::chrono::system_clock::time_point now_ = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + 23h + 59min;
  ResolutionCache cache_{home_, 1440min, [this] { return now_; }};
  ResolutionEntry entry_;
};

TEST_F(ResolutionCacheTest, GivesBackWhatWasStored) {
  EXPECT_FALSE(retrieve());
  const std::size_t created = access_.count("created");
  cache_.store(kKey, entry_, kSecret, access_);
  EXPECT_EQ(access_.count("created"), created + 1) << "the fifth file of section 1.5";
  const std::optional<ResolutionEntry> entry = retrieve();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->model_id, "yolov8n-640");
  EXPECT_EQ(entry->cache_model_id, "coco/3");
  EXPECT_EQ(entry->package_id, "0a1b2c3d");
  EXPECT_EQ(entry->resolved_files, entry_.resolved_files);
  EXPECT_EQ(entry->features, entry_.features);
  EXPECT_EQ(entry->recommended->per_class_confidence.at("person"), 0.5);
  EXPECT_TRUE(entry->trusted);
  EXPECT_EQ(entry->created_at, now_);
}

TEST_F(ResolutionCacheTest, WritesTheKeysOfTheOriginal) {
  entry_.recommended.reset();
  cache_.store(kKey, entry_, kSecret, access_);
  const Json document = Json::parse(read_file(home_.resolution_entry(kKey)));
  EXPECT_EQ(document["cache_attribution_version"], 2);
  EXPECT_EQ(document["model_package_id"], "0a1b2c3d");
  EXPECT_EQ(document["trusted_source"], true);
  EXPECT_EQ(document["created_at"], "2026-01-31T23:59:00Z");
  EXPECT_EQ(document["credential_hash"], credential_hash_of(kSecret));
  EXPECT_FALSE(document.contains("recommended_parameters")) << "unset keys are left out";
}

TEST_F(ResolutionCacheTest, ForgetsAfterTheExpiry) {
  cache_.store(kKey, entry_, kSecret, access_);
  now_ += 1439min;
  EXPECT_TRUE(retrieve());
  now_ += 2min;
  EXPECT_FALSE(retrieve());
  EXPECT_FALSE(fs::exists(home_.resolution_entry(kKey))) << "and removes the entry";
}

TEST_F(ResolutionCacheTest, DoesNotTrustEntriesFromTheFarFuture) {
  cache_.store(kKey, entry_, kSecret, access_);
  now_ -= 1441min;
  EXPECT_FALSE(retrieve());
}

TEST_F(ResolutionCacheTest, DropsDamagedEntries) {
  for (const char* text : {"", "{", "[]", "{}", R"({"cache_attribution_version": 1})", "\xff\xfe"}) {
    write_file(home_.resolution_entry(kKey), text);
    EXPECT_FALSE(retrieve()) << text;
    EXPECT_FALSE(fs::exists(home_.resolution_entry(kKey))) << text;
  }
}

TEST_F(ResolutionCacheTest, CannotBeLedElsewhereByALink) {
  write_file(outside(), "precious");
  fs::create_directories(home_.resolution_entries());
  fs::create_symlink(outside(), home_.resolution_entry(kKey));
  cache_.store(kKey, entry_, kSecret, access_);
  EXPECT_EQ(read_file(outside()), "precious");
  EXPECT_FALSE(retrieve());
  EXPECT_EQ(read_file(outside()), "precious");
}

TEST_F(ResolutionCacheTest, IsInvalidatedOnRequest) {
  cache_.store(kKey, entry_, kSecret, access_);
  cache_.invalidate(kKey, access_);
  cache_.invalidate(kKey, access_);
  EXPECT_FALSE(retrieve());
  EXPECT_EQ(access_.count("deleted"), 1U);
}

TEST_F(ResolutionCacheTest, ThatCannotBeWrittenFailsNoLoad) {
  write_file(home_.resolution_entries(), "a file in its place");
  EXPECT_NO_THROW(cache_.store(kKey, entry_, kSecret, access_));
  EXPECT_FALSE(retrieve());
}

// --- use ---

TEST_F(ResolutionCacheTest, LeadsToThePackageFolder) { EXPECT_EQ(use(), folder_of()); }

TEST_F(ResolutionCacheTest, IsUsedForTheSameRequestOnly) {
  EXPECT_FALSE(use({}, "coco/3"));
  EXPECT_FALSE(use({}, "yolov8n-640", "another key"));
}

TEST_F(ResolutionCacheTest, AsksTheAccessManager) {
  access_.granted = false;
  EXPECT_FALSE(use());
}

TEST_F(ResolutionCacheTest, NeedsAllFiles) {
  fs::remove(home_.blob(testing::md5_of("{}")));
  EXPECT_FALSE(use());
}

TEST_F(ResolutionCacheTest, UsesUntrustedPackagesWhereAllowed) {
  entry_.trusted = false;
  EXPECT_FALSE(use());
  LoadOptions options;
  options.allow_untrusted_packages = true;
  EXPECT_TRUE(use(options));
}

TEST_F(ResolutionCacheTest, AForgedEntryDoesNotMakeACompiledPackageTrusted) {
  entry_.package_id = "localtrt0123456789ab";
  entry_.trusted = true;
  cache_.store(kKey, entry_, kSecret, access_);
  ASSERT_EQ(Json::parse(read_file(home_.resolution_entry(kKey)))["trusted_source"], true);
  const std::optional<ResolutionEntry> entry = retrieve();
  ASSERT_TRUE(entry);
  EXPECT_FALSE(entry->trusted);
}

TEST_F(ResolutionCacheTest, WantsTheManifestToAgreeOnTheOwner) {
  entry_.cache_model_id = "coco/4";
  EXPECT_FALSE(use());
  fs::create_directories(home_.model_folder("coco/4"));
  fs::copy(folder_of(), home_.package_folder("coco/4", "0a1b2c3d"), fs::copy_options::copy_symlinks);
  EXPECT_FALSE(use()) << "the folder says that it belongs to coco/3";
}

TEST_F(ResolutionCacheTest, IsNotLedOutOfTheCacheByAnEntry) {
  entry_.package_id = "../../../outside";
  EXPECT_FALSE(use());
}

// --- times ---

TEST(Times, AreUtc) {
  const std::chrono::sys_seconds time = std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + 1h + 2min + 3s;
  EXPECT_EQ(format_time(time), "2024-02-29T01:02:03Z");
  EXPECT_EQ(parse_time("2024-02-29T01:02:03Z"), time);
  EXPECT_EQ(parse_time("2024-02-29T01:02:03.123456+00:00"), time);
  for (const char* text : {"", "2024-02-29", "2024-02-30T01:02:03Z", "2024-02-29T24:00:00Z", "2024-02-29T01:02:03",
                           "2024-02-29T01:02:03+01:00", "2024-02-29 01:02:03Z", "x024-02-29T01:02:03Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace inference_exp::hub
