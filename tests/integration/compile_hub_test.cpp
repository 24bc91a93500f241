// A model id is compiled into the cache, against a registry on loopback; loads then prefer the engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <map>
#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/json.hpp"
#include "hub/cache_layout.hpp"
#include "hub/file_lock.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/compile.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/opencv.hpp"
#include "integration/compile_fixture.hpp"
#include "support/model_registry.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using testing::names_in;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr const char* kModel = "shapes-detector";
constexpr const char* kOnnxPackage = "aaaa1111";

/// Made for the process: the library reads the registry's address from the environment once.
testing::ModelRegistry& compile_registry() {
  static const std::unique_ptr<testing::ModelRegistry> instance = [] {
    auto made = std::make_unique<testing::ModelRegistry>();
    setenv("ROBOFLOW_API_HOST", made->host().c_str(), 1);
    setenv("API_CALLS_MAX_TRIES", "1", 1);
    setenv("ROBOFLOW_API_KEY", "key-of-the-environment", 1);
    return made;
  }();
  return *instance;
}

class CompileModelId : public testing::CompileTest {
 protected:
  CompileModelId() {
    compile_registry().refuse_questions(0);
    compile_registry().add_model(kModel, "shapes");
    compile_registry().add_package(kModel, kOnnxPackage, testing::asset("models/shapes-detector"));
    compile_registry().server().forget_requests();
    trusting_ = options_.load;
    trusting_.allow_untrusted_packages = true;
  }

  [[nodiscard]] CompiledPackage compile(std::string_view model = kModel) const {
    return compile_model(model, options_);
  }
  /// The backend that a load chooses.
  [[nodiscard]] static std::string backend_of_load(const LoadOptions& options, std::string_view model = kModel) {
    return std::string(AutoModel::from_pretrained<ObjectDetectionModel>(model, options)->backend());
  }
  /// What negotiation says of a package compiled here; empty where it is not skipped.
  [[nodiscard]] std::string skip_reason() const {
    const DescribedModel described = describe_model(kModel, trusting_);
    for (const SkippedPackage& skipped : described.model.skipped) {
      if (skipped.id.starts_with("localtrt")) return skipped.reason;
    }
    return {};
  }
  [[nodiscard]] fs::path model_folder() const {
    for (const auto& entry : fs::directory_iterator(place_ / "cache" / "models-cache")) {
      if (entry.is_directory()) return entry.path();
    }
    return {};
  }
  /// What there is beside the ONNX package and locks.
  [[nodiscard]] std::vector<std::string> compiled_names() const {
    std::vector<std::string> names = names_in(model_folder());
    std::erase_if(names, [](const std::string& name) { return name == kOnnxPackage || name.ends_with(".lock"); });
    return names;
  }

  LoadOptions trusting_;
};

TEST_F(CompileModelId, BecomesAPackageOfTheModel) {
  const CompiledPackage compiled = compile("shapes");
  EXPECT_EQ(compiled.model_id, kModel);
  EXPECT_EQ(compiled.source_package, kOnnxPackage);
  EXPECT_THAT(compiled.package_id, MatchesRegex("localtrt[0-9a-f]{12}"));
  EXPECT_EQ(compiled.folder, model_folder() / compiled.package_id);
  EXPECT_THAT(compiled_names(), ElementsAre(compiled.package_id));
  const std::vector<CachedPackage> cached = list_cache(options_.load.hub.cache_home);
  EXPECT_THAT(cached, Contains(AllOf(Field(&CachedPackage::package_id, compiled.package_id),
                                     Field(&CachedPackage::backend, "trt"), Field(&CachedPackage::model_id, kModel),
                                     Field(&CachedPackage::complete, true))));
  for (const VerifiedPackage& package : verify_cache({}, options_.load.hub.cache_home)) {
    EXPECT_EQ(package.status, CacheStatus::ok) << package.package_id;
  }
}

TEST_F(CompileModelId, IsPreferredWhereUntrustedPackagesAreAllowed) {
  const CompiledPackage compiled = compile();
  EXPECT_EQ(negotiate_model(kModel, trusting_).ranked.at(0).package.id, compiled.package_id);
  EXPECT_EQ(backend_of_load(trusting_), "trt");
  const Decision careful = negotiate_model(kModel, options_.load);
  ASSERT_THAT(careful.ranked, SizeIs(1));
  EXPECT_EQ(careful.ranked[0].package.id, kOnnxPackage);
  EXPECT_EQ(backend_of_load(options_.load), "onnx");
}

TEST_F(CompileModelId, AnEarlierChoiceDoesNotHideIt) {
  EXPECT_EQ(backend_of_load(trusting_), "onnx");
  EXPECT_EQ(backend_of_load(trusting_, "shapes"), "onnx");
  (void)compile();
  EXPECT_EQ(backend_of_load(trusting_), "trt");
  EXPECT_EQ(backend_of_load(trusting_, "shapes"), "trt");
  compile_registry().server().forget_requests();
  EXPECT_EQ(backend_of_load(trusting_), "trt");
  EXPECT_EQ(compile_registry().questions(), 0U) << "the new choice is remembered";
}

TEST_F(CompileModelId, WorksOffline) {
  (void)compile("shapes");
  compile_registry().server().forget_requests();
  trusting_.hub.offline = true;
  EXPECT_EQ(backend_of_load(trusting_), "trt");
  EXPECT_EQ(backend_of_load(trusting_, "shapes"), "trt");
  options_.load.hub.offline = true;
  options_.rebuild = true;
  EXPECT_FALSE(compile().reused);
  EXPECT_EQ(compile_registry().questions(), 0U);
}

TEST_F(CompileModelId, TheSameIsCompiledOnce) {
  const CompiledPackage first = compile();
  const CompiledPackage second = compile();
  EXPECT_FALSE(first.reused);
  EXPECT_TRUE(second.reused);
  EXPECT_EQ(to_json(second), [&] {
    CompiledPackage expected = first;
    expected.reused = true;
    return to_json(expected);
  }());
  options_.rebuild = true;
  EXPECT_FALSE(compile().reused);
  EXPECT_THAT(compiled_names(), ElementsAre(first.package_id)) << "replaced";
  options_.precision = Quantization::fp32;
  EXPECT_NE(compile().package_id, first.package_id);
  EXPECT_THAT(compiled_names(), SizeIs(2));
}

TEST_F(CompileModelId, SamplesAreComparedThoughTheEngineWasThere) {
  EXPECT_TRUE(compile().accuracy.made_up_image);
  const cv::Mat picture = cv::imread(testing::asset("images/shapes.png").string());
  options_.samples = {.count = 2, .at = [&](std::size_t) { return view(picture); }};
  const CompiledPackage again = compile();
  EXPECT_TRUE(again.reused);
  EXPECT_FALSE(again.accuracy.made_up_image);
  EXPECT_EQ(again.accuracy.images, 2U);
}

TEST_F(CompileModelId, CanBeCancelledWhileACleanUpHoldsTheCache) {
  fs::create_directories(options_.load.hub.cache_home);
  const hub::CacheHome home(options_.load.hub.cache_home);
  std::optional<hub::FileLock> clean_up;
  bool waited = false;
  options_.progress = [&](const CompileProgress& progress) {
    // By then the ONNX package is there, which needs the same lock.
    if (progress.phase == "Reading the sample images") clean_up = hub::FileLock::try_acquire(home.prune_lock());
    waited = waited || progress.phase == "Waiting for a clean-up of the cache";
    return !waited;
  };
  const cv::Mat picture = cv::imread(testing::asset("images/shapes.png").string());
  options_.samples = {.count = 1, .at = [&](std::size_t) { return view(picture); }};
  options_.precision = Quantization::int8;
  EXPECT_THAT(refusal(kModel), HasSubstr("OperationCancelledError"));
  EXPECT_TRUE(clean_up.has_value());
  EXPECT_TRUE(waited);
  EXPECT_THAT(compiled_names(), IsEmpty());
}

TEST_F(CompileModelId, TheAccessManagerIsToldTheKeyInEffect) {
  class Keys : public AccessManager {
   public:
    void on_file_created(const fs::path& file, const Package& package) override {
      if (package.package_id.starts_with("localtrt")) keys[file.filename().string()] = package.api_key;
    }
    std::map<std::string, std::string> keys;
  };
  const auto access = std::make_shared<Keys>();
  options_.load.hub.access_manager = access;
  (void)compile();
  EXPECT_THAT(access->keys, SizeIs(6));
  EXPECT_THAT(access->keys, Each(Pair(::testing::_, "key-of-the-environment")));
}

TEST_F(CompileModelId, ThreadsThatCompileTheSameShareOneBuild) {
  constexpr std::size_t kThreads = 3;
  std::latch start(kThreads);
  std::vector<CompiledPackage> made(kThreads);
  {
    std::vector<std::jthread> threads;
    for (CompiledPackage& each : made) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        each = compile();
      });
    }
  }
  EXPECT_EQ(std::ranges::count(made, false, &CompiledPackage::reused), 1);
  EXPECT_THAT(made, Each(Field(&CompiledPackage::package_id, made[0].package_id)));
  EXPECT_THAT(compiled_names(), SizeIs(1));
}

TEST_F(CompileModelId, FailedAndCancelledBuildsLeaveNothing) {
  compiler_does("fails");
  EXPECT_THAT(refusal(kModel), HasSubstr("OutOfDeviceMemoryError"));
  EXPECT_THAT(compiled_names(), IsEmpty());
  compiler_does("waits");
  int calls = 0;
  options_.progress = [&](const CompileProgress& progress) {
    return progress.phase != "Building the stand-in" || ++calls < 9;
  };
  EXPECT_THAT(refusal(kModel), HasSubstr("OperationCancelledError"));
  EXPECT_THAT(compiled_names(), IsEmpty());
}

TEST_F(CompileModelId, ADamagedEngineIsPassedOverWithTheReason) {
  const CompiledPackage compiled = compile();
  EXPECT_EQ(backend_of_load(trusting_), "trt");  // and remembered
  std::ofstream(compiled.folder / "engine.plan", std::ios::app) << "x";
  EXPECT_THAT(skip_reason(), HasSubstr("engine.plan does not have the MD5"));
  EXPECT_EQ(backend_of_load(trusting_), "onnx");
  EXPECT_FALSE(compile().reused) << "compiled again in its place";
  EXPECT_EQ(skip_reason(), "");
  EXPECT_EQ(backend_of_load(trusting_), "trt");
}

TEST_F(CompileModelId, ANamedPackageStillHasToBeAllowed) {
  const CompiledPackage compiled = compile();
  LoadOptions named = options_.load;
  named.model_package_id = compiled.package_id;
  EXPECT_THROW((void)backend_of_load(named), NoModelPackagesAvailableError);
  named.allow_untrusted_packages = true;
  EXPECT_EQ(backend_of_load(named), "trt");
}

TEST_F(CompileModelId, TheSourceMayBeNamedButMustBeOnnx) {
  options_.load.allow_untrusted_packages = true;
  options_.load.model_package_id = kOnnxPackage;
  options_.load.model_package_id = compile().package_id;
  EXPECT_THAT(refusal(kModel), AllOf(HasSubstr("InvalidModelInitParameterError"), HasSubstr("localtrt")));
}

TEST_F(CompileModelId, TheProviderCannotAnnounceOne) {
  compile_registry().add_package(kModel, "localtrt0123456789ab", testing::asset("models/shapes-detector"));
  EXPECT_THAT(skip_reason(), HasSubstr("The provider announces it"));
  EXPECT_THAT(negotiate_model(kModel, trusting_).ranked, SizeIs(1));
}

TEST_F(CompileModelId, AFamilyWithoutEnginesIsRefusedBeforeAnythingIsDownloaded) {
  nlohmann::json& package =
      compile_registry().add_package(kModel, kOnnxPackage, testing::asset("models/shapes-detector"));
  package["packageId"] = "fused000";
  package["modelFeatures"] = {{"nms_fused", {{"max_detections", 300}}}};
  options_.load.model_package_id = "fused000";
  EXPECT_THAT(refusal(kModel), AllOf(HasSubstr("ModelImplementationNotFoundError"), HasSubstr("nms_fused")));
  EXPECT_EQ(compile_registry().downloads(), 0U);
}

TEST_F(CompileModelId, AFolderMayBeWrittenInstead) {
  options_.output = place_ / "elsewhere";
  const CompiledPackage compiled = compile();
  EXPECT_EQ(compiled.folder, place_ / "elsewhere");
  EXPECT_EQ(compiled.package_id, "");
  EXPECT_THAT(compiled_names(), IsEmpty());
  EXPECT_EQ(backend_of_load(options_.load, compiled.folder.string()), "trt");
}

TEST_F(CompileModelId, SizesOfCompiledPackagesComeFromTheDisk) {
  const CompiledPackage compiled = compile();
  const DescribedModel described = describe_model(kModel, options_.load, true);
  EXPECT_GT(described.sizes.at(compiled.package_id), 100'000U);
  EXPECT_THAT(described.incomplete_sizes, IsEmpty());
}

}  // namespace
}  // namespace inference_exp
