#include "hub/offline_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/json.hpp"
#include "hub/cache_fixture.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::hashed_file;
using ::testing::HasSubstr;
using testing::md5_of;
using ::testing::Not;
using testing::read_file;
using testing::sample_model;
using testing::sample_package;
using testing::unhashed_file;
using testing::write_file;

class OfflineRegistry : public testing::CacheTest {
 protected:
  void record(const ModelMetadata& model, std::string alias = {}, std::string proven = {}) {
    record_offline_model(
        home_, model, {.requested_model = std::move(alias), .proven_package = std::move(proven), .now = now_}, access_);
  }
  [[nodiscard]] ModelMetadata ask(std::string model_id) const {
    return OfflineProvider(home_).model_metadata(
        {.model_id = std::move(model_id), .api_key = "", .query = {}, .headers = {}});
  }

  std::chrono::system_clock::time_point now_ = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31);
};

TEST_F(OfflineRegistry, RemembersWhatTheProviderSaid) {
  ModelMetadata model = sample_model();
  model.recommended = RecommendedParameters{0.4, {{"person", 0.5}}};
  model.packages[0].features = {{"nms_fused", R"({"class_agnostic":false})"}};
  record(model, "yolov8n-640", "0a1b2c3d");

  const std::optional<OfflineRecord> found = find_offline_record(home_, "coco/3");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->model.model_id, "coco/3");
  EXPECT_EQ(found->model.architecture, "yolov8");
  EXPECT_EQ(found->model.variant, "yolov8n");
  EXPECT_EQ(found->model.task, "object-detection");
  EXPECT_EQ(found->model.recommended->per_class_confidence.at("person"), 0.5);
  EXPECT_THAT(found->aliases, ElementsAre("yolov8n-640"));
  EXPECT_EQ(found->recorded_at, "2026-01-31T00:00:00Z");
  EXPECT_EQ(found->source, "warmup");
  EXPECT_EQ(found->proven.at("0a1b2c3d"), "2026-01-31T00:00:00Z");
  ASSERT_EQ(found->model.packages.size(), 1U);
  const PackageMetadata& package = found->model.packages[0];
  EXPECT_EQ(package.backend, "onnx");
  EXPECT_TRUE(package.trusted);
  EXPECT_EQ(package.features, model.packages[0].features);
  EXPECT_EQ(std::get<OnnxPackageDetails>(package.details).opset, 19);
  EXPECT_EQ(package.files[0].md5, sample_package().files[0].md5);
}

TEST_F(OfflineRegistry, KeepsNoDownloadAddresses) {
  record(sample_model());
  const std::string text = read_file(home_.offline_record("coco/3"));
  EXPECT_THAT(text, Not(HasSubstr("signature")));
  EXPECT_THAT(text, Not(HasSubstr("files.test")));
  EXPECT_EQ(Json::parse(text)["packages"][0]["artifacts"][0]["file_handle"], "weights.onnx");
}

TEST_F(OfflineRegistry, FindsAliases) {
  record(sample_model(), "yolov8n-640");
  EXPECT_EQ(find_offline_record(home_, "yolov8n-640")->model.model_id, "coco/3");
  EXPECT_FALSE(find_offline_record(home_, "yolov8s-640"));
}

TEST_F(OfflineRegistry, MergesRecords) {
  record(sample_model({sample_package("aaa"), sample_package("bbb")}), "yolov8n-640", "aaa");
  now_ += 24h;
  PackageMetadata changed = sample_package("bbb");
  changed.quantization = Quantization::fp16;
  record(sample_model({changed, sample_package("ccc")}), "my-alias", "ccc");
  record(sample_model({changed}), "coco/3");

  const std::optional<OfflineRecord> found = find_offline_record(home_, "coco/3");
  ASSERT_EQ(found->model.packages.size(), 3U);
  EXPECT_EQ(found->model.packages[1].quantization, Quantization::fp16);
  EXPECT_THAT(found->aliases, ElementsAre("yolov8n-640", "my-alias"));
  EXPECT_EQ(found->proven.at("aaa"), "2026-01-31T00:00:00Z");
  EXPECT_EQ(found->proven.at("ccc"), "2026-02-01T00:00:00Z");
}

TEST_F(OfflineRegistry, LeavesOutPackagesWithFilesWithoutHash) {
  PackageMetadata unhashed = sample_package("aaa");
  unhashed.files.push_back(unhashed_file("extra.json", "{}"));
  record(sample_model({unhashed, sample_package("bbb")}));
  const std::optional<OfflineRecord> found = find_offline_record(home_, "coco/3");
  ASSERT_EQ(found->model.packages.size(), 1U);
  EXPECT_EQ(found->model.packages[0].id, "bbb");
}

TEST_F(OfflineRegistry, SkipsNewerAndDamagedRecordsWithAWarning) {
  record(sample_model());
  const std::string newer = R"({"format_version": 2, "secrets": "of the future"})";
  write_file(home_.offline_record("future/1"), newer);
  write_file(home_.offline_record("damaged/1"), "{");
  std::vector<std::string> warnings;
  set_log_callback([&](LogLevel level, std::string_view text) {
    if (level == LogLevel::warning) warnings.emplace_back(text);
  });
  const std::vector<OfflineRecord> records = offline_records(home_);
  ModelMetadata future = sample_model();
  future.model_id = "future/1";
  record(future);
  set_log_callback({});
  EXPECT_EQ(records.size(), 1U);
  EXPECT_THAT(warnings, ::testing::UnorderedElementsAre(HasSubstr("newer version"), HasSubstr("not valid JSON"),
                                                        HasSubstr("newer version")));
  EXPECT_EQ(read_file(home_.offline_record("future/1")), newer) << "not overwritten either";
}

TEST_F(OfflineRegistry, ManyMayRecordAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] { record(sample_model({sample_package("p" + std::to_string(i))})); });
  }
  threads.clear();
  EXPECT_EQ(find_offline_record(home_, "coco/3")->model.packages.size(), 4U);
}

TEST_F(OfflineRegistry, ListsTheStateOfPackages) {
  PackageMetadata other = sample_package("bbb");
  other.files.push_back(hashed_file("extra.json", "[]"));
  PackageMetadata absent = sample_package("ccc");
  absent.files = {hashed_file("other.onnx", "other")};
  load();
  record(sample_model({sample_package(), other, absent}), "yolov8n-640");
  const std::vector<OfflineModel> models = list_offline_models(home_);
  ASSERT_EQ(models.size(), 1U);
  EXPECT_EQ(models[0].model_id, "coco/3");
  EXPECT_THAT(models[0].aliases, ElementsAre("yolov8n-640"));
  EXPECT_EQ(models[0].architecture, "yolov8");
  ASSERT_EQ(models[0].packages.size(), 3U);
  EXPECT_EQ(models[0].packages[0].status, CacheStatus::ok);
  EXPECT_EQ(models[0].packages[1].status, CacheStatus::incomplete);
  EXPECT_EQ(models[0].packages[2].status, CacheStatus::missing);
  EXPECT_EQ(models[0].packages[2].files[0].status, CacheStatus::missing);
}

TEST_F(OfflineRegistry, VerifiesBytesOnRequest) {
  load();
  record(sample_model(), "yolov8n-640");
  write_file(home_.blob(md5_of("{}")), "damaged");
  EXPECT_EQ(verify_offline_model(home_, "yolov8n-640", false).packages[0].status, CacheStatus::ok);
  const VerifiedPackage package = verify_offline_model(home_, "yolov8n-640", true).packages[0];
  EXPECT_EQ(package.status, CacheStatus::incomplete);
  EXPECT_EQ(package.files[0].status, CacheStatus::ok);
  EXPECT_EQ(package.files[2].handle, "inference_config.json");
  EXPECT_EQ(package.files[2].status, CacheStatus::hash_mismatch);
  EXPECT_THROW((void)verify_offline_model(home_, "unknown", false), ModelRetrievalError);
}

// --- the provider ---

TEST_F(OfflineRegistry, OffersOnlyCompletePackages) {
  PackageMetadata absent = sample_package("ccc");
  absent.files = {hashed_file("other.onnx", "other")};
  load();
  record(sample_model({absent, sample_package()}), "yolov8n-640");
  const ModelMetadata model = ask("yolov8n-640");
  EXPECT_EQ(model.model_id, "coco/3");
  ASSERT_EQ(model.packages.size(), 1U);
  EXPECT_EQ(model.packages[0].id, "0a1b2c3d");
}

TEST_F(OfflineRegistry, WhatItOffersMaterializesWithoutDownload) {
  load();
  record(sample_model(), "yolov8n-640");
  const std::size_t events = access_.total();
  const ModelMetadata model = ask("yolov8n-640");
  const auto no_network = [](std::span<const DownloadTask>, const DownloadSettings&) -> std::vector<DownloadedFile> {
    throw RetryError("There is no network.");
  };
  EXPECT_NO_THROW((void)materialize(home_, model, model.packages[0], settings_, no_network, access_));
  EXPECT_EQ(access_.total(), events) << "nothing is written";
}

TEST_F(OfflineRegistry, UnknownAndIncompleteModelsAreRetrievalErrors) {
  try {
    (void)ask("coco/3");
    FAIL() << "no error";
  } catch (const ModelRetrievalError& error) {
    EXPECT_THAT(error.hint(), HasSubstr("OFFLINE_MODE_WARM_UP"));
  }
  EXPECT_FALSE(fs::exists(home_.root())) << "asking writes nothing";
  record(sample_model());
  EXPECT_THROW((void)ask("coco/3"), ModelRetrievalError);
}

TEST_F(OfflineRegistry, HostileRecordsOfferNothing) {
  write_file(outside(), "x");
  PackageMetadata hostile = sample_package();
  hostile.files = {{"../../../../outside", "", md5_of("x")}};
  record(sample_model({hostile, sample_package("../../x")}));
  EXPECT_THROW((void)ask("coco/3"), ModelRetrievalError);
  const std::vector<OfflineModel> models = list_offline_models(home_);
  ASSERT_EQ(models.size(), 1U);
  for (const VerifiedPackage& package : models[0].packages) {
    EXPECT_EQ(package.status, CacheStatus::malformed);
  }
}

}  // namespace
}  // namespace inference_exp::hub
