// From a model id to predictions, against a registry on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <latch>
#include <memory>
#include <mutex>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <thread>
#include <vector>

#include "inference_exp/auto_model.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/logging.hpp"
#include "inference_exp/opencv.hpp"
#include "inference_exp/weights_provider.hpp"
#include "support/model_registry.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kKey = "rf_OPENSESAME42";
constexpr const char* kId = "shapes-detector";
constexpr const char* kAlias = "shapes";
constexpr const char* kPackage = "aaaa1111";

/// A registry with one model, made for the process: the library reads its address from the environment once.
testing::ModelRegistry& registry() {
  static const std::unique_ptr<testing::ModelRegistry> instance = [] {
    auto made = std::make_unique<testing::ModelRegistry>();
    setenv("ROBOFLOW_API_HOST", made->host().c_str(), 1);
    setenv("API_CALLS_MAX_TRIES", "1", 1);
    return made;
  }();
  return *instance;
}

class HubLoad : public ::testing::Test {
 protected:
  HubLoad() {
    registry().refuse_questions(0);
    registry().add_model(kId, kAlias);
    registry().add_package(kId, kPackage, testing::asset("models/shapes-detector"));
    registry().server().forget_requests();
    options_.hub.cache_home = cache_.path();
    options_.hub.api_key = kKey;
    set_log_callback([this](LogLevel /*level*/, std::string_view message) {
      const std::scoped_lock lock(log_mutex_);
      log_.append(message).append("\n");
    });
  }
  ~HubLoad() override { set_log_callback({}); }

  [[nodiscard]] std::unique_ptr<ObjectDetectionModel> load(std::string_view id = kId) const {
    return AutoModel::from_pretrained<ObjectDetectionModel>(id, options_);
  }
  /// The error that loading gives, as "Name: text"; empty when there is none.
  [[nodiscard]] std::string refusal(std::string_view id = kId) const {
    try {
      (void)load(id);
    } catch (const Error& error) {
      return std::string(error.name()) + ": " + error.what();
    }
    return {};
  }
  [[nodiscard]] std::vector<fs::path> cached_files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(cache_.path())) {
      if (entry.is_regular_file() && !entry.is_symlink()) files.push_back(entry.path());
    }
    return files;
  }

  testing::TemporaryFolder cache_;
  LoadOptions options_;
  std::mutex log_mutex_;
  std::string log_;
};

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Detections find_shapes(const ObjectDetectionModel& model) {
  return model.infer(view(cv::imread(testing::asset("images/shapes.png").string())));
}

TEST_F(HubLoad, DownloadsAndPredictsLikeTheFolderItself) {
  const auto from_folder =
      AutoModel::from_pretrained<ObjectDetectionModel>(testing::asset("models/shapes-detector").string());
  EXPECT_EQ(find_shapes(*load()), find_shapes(*from_folder));
  EXPECT_EQ(registry().questions(), 1U);
  EXPECT_EQ(registry().downloads(), 3U);
}

TEST_F(HubLoad, TheSecondTimeNobodyIsAsked) {
  (void)load();
  registry().server().forget_requests();
  (void)load();
  EXPECT_EQ(registry().server().count(), 0U);
}

TEST_F(HubLoad, AnAliasSharesWhatIsThere) {
  (void)load(kAlias);
  registry().server().forget_requests();
  (void)load(kId);
  EXPECT_EQ(registry().questions(), 1U);  // the choice is remembered by what was asked for
  EXPECT_EQ(registry().downloads(), 0U);
  EXPECT_THAT(list_cache(cache_.path()), SizeIs(1));
}

TEST_F(HubLoad, WithoutTheResolutionCacheOnlyTheProviderIsAskedAgain) {
  options_.hub.use_auto_resolution_cache = false;
  (void)load();
  registry().server().forget_requests();
  (void)load();
  EXPECT_EQ(registry().questions(), 1U);
  EXPECT_EQ(registry().downloads(), 0U);
}

TEST_F(HubLoad, AMissingBlobIsFetchedAgain) {
  (void)load();
  fs::remove_all(cache_ / "shared-blobs");
  registry().server().forget_requests();
  EXPECT_FALSE(find_shapes(*load()).empty());
  EXPECT_EQ(registry().downloads(), 3U);
}

TEST_F(HubLoad, ACachedChoiceThatDoesNotLoadAnyMoreIsMadeAgain) {
  (void)load();
  const fs::path folder = list_cache(cache_.path()).at(0).folder;
  const fs::path blob = fs::canonical(folder / "class_names.txt");
  std::ofstream(blob, std::ios::trunc) << "\n";  // no names: the package can't be read
  registry().server().forget_requests();
  EXPECT_THAT(refusal(), HasSubstr("CorruptedModelPackageError"));
  EXPECT_THAT(log_, HasSubstr("is dropped"));
  EXPECT_EQ(registry().questions(), 1U);
  EXPECT_THAT(verify_cache({}, cache_.path()).at(0).files,
              Contains(::testing::Field(&VerifiedFile::status, CacheStatus::hash_mismatch)));
}

TEST_F(HubLoad, APackageThatDoesNotOpenMakesRoomForTheNext) {
  testing::TemporaryFolder broken;
  fs::copy(testing::asset("models/shapes-detector"), broken.path(), fs::copy_options::recursive);
  std::ofstream(broken / "weights.onnx", std::ios::trunc) << "not a network";
  registry().add_package(kId, "0000broken", broken.path())["packageManifest"]["opset"] = 18;  // ranked first
  EXPECT_FALSE(find_shapes(*load()).empty());
  EXPECT_THAT(log_, HasSubstr("0000broken"));
  registry().server().forget_requests();
  (void)load();
  EXPECT_EQ(registry().server().count(), 0U);  // the choice that worked is the one remembered
}

TEST_F(HubLoad, WhenNoPackageOpensTheErrorHasALineForEach) {
  testing::TemporaryFolder broken;
  fs::copy(testing::asset("models/shapes-detector"), broken.path(), fs::copy_options::recursive);
  std::ofstream(broken / "weights.onnx", std::ios::trunc) << "not a network";
  registry().add_model(kId, kAlias);
  registry().add_package(kId, "broken1", broken.path());
  registry().add_package(kId, "broken2", broken.path());
  EXPECT_THAT(refusal(), AllOf(HasSubstr("ModelPackageAlternativesExhaustedError"),
                               HasSubstr("broken1 (onnx): CorruptedModelPackageError"),
                               HasSubstr("broken2 (onnx): CorruptedModelPackageError")));
  options_.max_package_loading_attempts = 1;
  EXPECT_THAT(refusal(), Not(HasSubstr("broken2")));
}

TEST_F(HubLoad, AWrongHashEndsTheLoadAndLeavesNothing) {
  nlohmann::json& best = registry().add_package(kId, "0000tampered", testing::asset("models/shapes-detector"));
  best["packageManifest"]["opset"] = 18;
  best["packageFiles"][2]["md5Hash"] = std::string(32, 'a');
  EXPECT_THAT(refusal(), HasSubstr("FileHashSumMissmatch"));
  EXPECT_FALSE(fs::exists(cache_ / "shared-blobs" / std::string(32, 'a')));
}

TEST_F(HubLoad, NetworkAndAccessErrorsEndTheLoadThoughAnotherPackageWouldOpen) {
  EXPECT_THAT(refusal("no-such-model"), HasSubstr("ModelNotFoundError"));
  nlohmann::json& best = registry().add_package(kId, "0000refused", testing::asset("models/shapes-detector"));
  best["packageManifest"]["opset"] = 18;
  best["packageFiles"][0]["md5Hash"] = std::string(32, 'b');
  best["packageFiles"][0]["downloadUrl"] = registry().server().url("/refused");
  registry().server().on("/refused", testing::answer(403));
  EXPECT_THAT(refusal(), AllOf(HasSubstr("ModelRetrievalError"), HasSubstr("403")));
}

TEST_F(HubLoad, NothingThatCanRunHereIsSaidReasonByReason) {
  registry().add_model(kId, kAlias);
  registry().add_package(kId, "untrusted", testing::asset("models/shapes-detector"))["trustedSource"] = false;
  EXPECT_THAT(refusal(), AllOf(HasSubstr("NoModelPackagesAvailableError"), HasSubstr("untrusted")));
  options_.allow_untrusted_packages = true;
  EXPECT_EQ(refusal(), "");
}

TEST_F(HubLoad, TheKeyIsWrittenNowhereAndSentToTheApiAlone) {
  (void)load();
  registry().refuse_questions(401);
  options_.hub.use_auto_resolution_cache = false;
  const std::string error = refusal();
  registry().refuse_questions(0);
  EXPECT_THAT(error, AllOf(HasSubstr("Unauthorized"), Not(HasSubstr(kKey))));
  EXPECT_THAT(log_, Not(HasSubstr(kKey)));
  for (const fs::path& file : cached_files()) {
    EXPECT_THAT(content_of(file), Not(HasSubstr(kKey))) << file;
    EXPECT_THAT(content_of(file), Not(HasSubstr("sesame"))) << file;
  }
  for (const testing::Request& request : registry().server().requests()) {
    const bool api = request.path == testing::ModelRegistry::kPath;
    EXPECT_EQ(request.has_header("authorization"), api) << request.path;
    EXPECT_THAT(request.target, Not(HasSubstr(kKey)));
  }
}

TEST_F(HubLoad, WhatWasPulledLoadsOffline) {
  const PulledModel pulled = pull_model(kAlias, options_);
  EXPECT_EQ(pulled.model_id, kId);
  EXPECT_EQ(pulled.package_id, kPackage);
  registry().server().forget_requests();
  options_.hub.offline = true;
  EXPECT_FALSE(find_shapes(*load(kAlias)).empty());
  EXPECT_FALSE(find_shapes(*load(kId)).empty());
  EXPECT_THAT(refusal("something-else"), AllOf(HasSubstr("ModelRetrievalError"), HasSubstr("without a network")));
  EXPECT_EQ(registry().server().connections() > 0 ? registry().server().count() : 0U, 0U);
  EXPECT_THAT(list_offline_models(cache_.path()), SizeIs(1));
  EXPECT_EQ(verify_offline_model(kAlias, true, cache_.path()).packages.at(0).status, CacheStatus::ok);
}

TEST_F(HubLoad, AFolderCopiedFromTheCacheWorksElsewhere) {
  const PulledModel pulled = pull_model(kId, options_);
  testing::TemporaryFolder elsewhere;
  fs::copy(pulled.folder, elsewhere / "package", fs::copy_options::recursive);  // links are followed
  fs::remove_all(cache_.path());
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>((elsewhere / "package").string());
  EXPECT_FALSE(find_shapes(*model).empty());
}

TEST_F(HubLoad, ProgressIsToldAndMayStopIt) {
  std::vector<DownloadProgress> seen;
  options_.hub.progress = [&](const DownloadProgress& progress) {
    seen.push_back(progress);
    return true;
  };
  (void)load();
  EXPECT_THAT(seen, Contains(::testing::Field(&DownloadProgress::phase, DownloadProgress::Phase::done)));
  options_.hub.cache_home = cache_ / "another";
  options_.hub.progress = [](const DownloadProgress&) { return false; };
  EXPECT_THAT(refusal(), HasSubstr("OperationCancelledError"));
}

/// Remembers what it was told.
class Recorder : public AccessManager {
 public:
  bool is_model_access_forbidden(std::string_view model_id, std::string_view /*api_key*/) override {
    return model_id == forbidden;
  }
  bool is_package_access_granted(const Package& /*package*/) override { return cached_choices_allowed; }
  void on_model_alias_discovered(std::string_view alias, std::string_view model_id) override {
    aliases.push_back(std::string(alias) + "=" + std::string(model_id));
  }
  void on_package_access_granted(const Package& package) override { granted.emplace_back(package.package_id); }
  void on_file_created(const fs::path& file, const Package& /*package*/) override {
    const std::scoped_lock lock(mutex_);  // files are fetched side by side
    created.push_back(file);
  }
  void on_model_loaded(const Package& package) override { loaded.emplace_back(package.package_id); }

  std::string forbidden;
  bool cached_choices_allowed = true;
  std::vector<std::string> aliases, granted, loaded;
  std::vector<fs::path> created;

 private:
  std::mutex mutex_;
};

TEST_F(HubLoad, AccessRulesAreAskedAndTold) {
  const auto rules = std::make_shared<Recorder>();
  options_.hub.access_manager = rules;
  (void)load(kAlias);
  EXPECT_THAT(rules->aliases, ::testing::ElementsAre("shapes=shapes-detector"));
  EXPECT_THAT(rules->granted, ::testing::ElementsAre(kPackage));
  EXPECT_THAT(rules->loaded, ::testing::ElementsAre(kPackage));
  EXPECT_GE(rules->created.size(), 5U);  // three downloads, the manifest, the cached choice

  rules->cached_choices_allowed = false;
  registry().server().forget_requests();
  (void)load(kAlias);
  EXPECT_EQ(registry().questions(), 1U);

  rules->forbidden = kAlias;
  EXPECT_THAT(refusal(kAlias), HasSubstr("UnauthorizedModelAccessError"));
}

TEST_F(HubLoad, ThreadsThatAskForTheSameColdModelShareOneDownload) {
  constexpr int kThreads = 4;
  std::latch start(kThreads);
  std::vector<std::string> errors(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        errors[static_cast<std::size_t>(i)] = refusal();
      });
    }
  }
  EXPECT_THAT(errors, ::testing::Each(IsEmpty()));
  EXPECT_EQ(registry().downloads(), 3U);
}

TEST_F(HubLoad, DescribingAndNegotiatingDownloadNothing) {
  const DescribedModel described = describe_model(kAlias, options_, true);
  EXPECT_EQ(described.model.model_id, kId);
  EXPECT_GT(described.sizes.at(kPackage), 100'000U);
  const Decision decision = negotiate_model(kAlias, options_);
  EXPECT_EQ(decision.ranked.at(0).package.id, kPackage);
  EXPECT_EQ(registry().downloads(), 0U);
  EXPECT_THAT(list_cache(cache_.path()), IsEmpty());
}

TEST_F(HubLoad, AProviderOfTheCallersOwn) {
  class Fixed final : public WeightsProvider {
   public:
    explicit Fixed(ModelMetadata model) : model_(std::move(model)) {}
    [[nodiscard]] ModelMetadata model_metadata(const ProviderRequest& /*request*/) const override { return model_; }

   private:
    ModelMetadata model_;
  };
  register_weights_provider("ours", std::make_shared<Fixed>(describe_model(kId, options_).model));
  options_.hub.weights_provider = "ours";
  registry().server().forget_requests();
  EXPECT_FALSE(find_shapes(*load("whatever")).empty());
  EXPECT_EQ(registry().questions(), 0U);
  options_.hub.weights_provider = "nobody";
  EXPECT_THAT(refusal(), AllOf(HasSubstr("ModelRetrievalError"), HasSubstr("ours")));
}

TEST_F(HubLoad, BackendsMayBeNamedInAnyCaseAndBesideThoseThatCannotRun) {
  options_.backends = {"ONNX", "hugging-face"};
  EXPECT_EQ(refusal(), "");
  options_.backends = {"trt"};
  EXPECT_THAT(refusal(), HasSubstr("NoModelPackagesAvailableError"));
  options_.model_package_id = kPackage;  // no other filter but trust
  EXPECT_EQ(refusal(), "");
}

TEST_F(HubLoad, AFolderOfThatNameComesBeforeTheId) {
  testing::TemporaryFolder place;
  fs::copy(testing::asset("models/shapes-detector"), place / kId, fs::copy_options::recursive);
  const fs::path before = fs::current_path();
  fs::current_path(place.path());
  EXPECT_EQ(refusal(), "");
  fs::current_path(before);
  EXPECT_EQ(registry().questions(), 0U);
}

TEST_F(HubLoad, ThePackageThatIsNamedIsTheOneThatLoads) {
  registry().add_package(kId, "bbbb2222", testing::asset("models/shapes-detector"))["packageManifest"]["opset"] = 13;
  options_.model_package_id = "bbbb2222";
  EXPECT_EQ(pull_model(kId, options_).package_id, "bbbb2222");
  options_.model_package_id = "cccc3333";
  EXPECT_THAT(refusal(), AllOf(HasSubstr("NoModelPackagesAvailableError"), HasSubstr("cccc3333")));
}

}  // namespace
}  // namespace inference_exp
