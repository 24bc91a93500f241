#include <algorithm>

#include "cli/process.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using nlohmann::json;

/// With a cache of its own, and nothing from the network.
class HubCommands : public CliTest {
 protected:
  [[nodiscard]] std::string cache() const { return path("cache").string(); }

  [[nodiscard]] ProcessResult run_offline(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--offline", "--cache", cache()});
    return run_program(arguments);
  }
};

/// No line of a table ends with a blank.
void expect_tidy(const std::string& text) {
  EXPECT_THAT(text, Not(HasSubstr(" \n")));
  EXPECT_THAT(text, ::testing::EndsWith("\n"));
}

TEST_F(HubCommands, ModelsAreListedWithTaskLicenceAndKey) {
  const ProcessResult result = run_program({"models"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("MODEL "));
  EXPECT_THAT(result.out, AllOf(HasSubstr("LICENCE"), HasSubstr("yolov8n-640"), HasSubstr("object-detection")));
  EXPECT_THAT(result.err, IsEmpty());
  expect_tidy(result.out);
}

TEST_F(HubCommands, ModelsAsJsonHaveTheSameKeysEach) {
  const ProcessResult result = run_program({"models", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json models = parse_json(result.out);
  ASSERT_FALSE(models.empty());
  for (const json& model : models) {
    EXPECT_EQ(model.size(), 5U) << model;
    for (const char* key : {"id", "architecture", "task", "license"}) EXPECT_TRUE(model.at(key).is_string()) << model;
    EXPECT_TRUE(model.at("open").is_boolean()) << model;
  }
  const auto yolo = std::ranges::find_if(models, [](const json& model) { return model.at("id") == "yolov8n-640"; });
  ASSERT_NE(yolo, models.end());
  EXPECT_EQ(yolo->at("open"), true);
}

TEST_F(HubCommands, AnEmptyCacheHoldsNothing) {
  EXPECT_EQ(run_program({"cache", "list", "--cache", cache()}).out, "(nothing cached)\n");
  for (const char* action : {"list", "verify"}) {
    const ProcessResult result = run_program({"cache", action, "--cache", cache(), "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "[]\n");
  }
}

TEST_F(HubCommands, VerifyMissesAModelThatWasNamed) {
  const ProcessResult result = run_program({"cache", "verify", "yolov8n-640", "--cache", cache()});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(result.out, "(nothing cached)\n");
}

TEST_F(HubCommands, AnEmptyCacheHasNothingToPrune) {
  const ProcessResult result = run_program({"cache", "prune", "--cache", cache(), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "{\"bytes\":0,\"removed\":[]}\n");
  EXPECT_THAT(run_program({"cache", "prune", "--dry-run", "--cache", cache()}).out, StartsWith("would remove 0 "));
}

TEST_F(HubCommands, NoModelIsRecordedInAnEmptyCache) {
  for (const char* action : {"list", "verify"}) {
    const ProcessResult result = run_program({"offline", action, "--cache", cache()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "(no model recorded)\n");
    EXPECT_EQ(run_program({"offline", action, "--cache", cache(), "--json"}).out, "[]\n");
  }
}

TEST_F(HubCommands, VerifyingAModelThatIsNotRecordedIsAnError) {
  const ProcessResult result = run_program({"offline", "verify", "yolov8n-640", "--cache", cache()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, StartsWith("error: ModelRetrievalError: "));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(HubCommands, WithoutANetworkAnUnknownIdIsAnErrorThatSaysWhatToDo) {
  const std::vector<std::vector<std::string>> calls = {
      {"infer", "yolov8n-640", shapes()}, {"bench", "yolov8n-640"}, {"describe", "yolov8n-640"},
      {"explain", "yolov8n-640"},         {"pull", "yolov8n-640"},
  };
  for (const std::vector<std::string>& call : calls) {
    const ProcessResult result = run_offline(call);
    EXPECT_EQ(result.exit_code, 3) << call[0] << ": " << result.err;
    EXPECT_THAT(result.err, StartsWith("error: ModelRetrievalError: ")) << call[0];
    EXPECT_THAT(result.err, AllOf(HasSubstr("yolov8n-640"), HasSubstr("\n  "))) << call[0] << ": there is no hint";
    EXPECT_THAT(result.out, IsEmpty()) << call[0];
  }
}

/// A model that was recorded for use without a network: one ONNX package with one file in the cache, one package that
/// was never downloaded.
class RecordedModel : public HubCommands {
 protected:
  RecordedModel() {
    std::filesystem::create_directories(path("cache/shared-blobs"));
    std::filesystem::create_directories(path("cache/offline-weights-registry"));
    write_weights("hello");
    bytes("cache/offline-weights-registry/v2-coco-3-df70e86e24a65bd703ee4386bda0d550.json", R"({
      "format_version": 1, "canonical_model_id": "coco/3", "requested_aliases": ["yolov8n-640"],
      "recorded_at": "2026-01-01T00:00:00Z", "source": "cli-install",
      "model": {"model_architecture": "yolov8", "task_type": "object-detection", "model_variant": "yolov8n"},
      "packages": [
        {"type": "external-model-package-v1", "packageId": "aaaa", "trustedSource": true,
         "packageManifest": {"type": "onnx-model-package-v1", "backendType": "onnx", "quantization": "fp32",
                             "dynamicBatchSize": true, "opset": 19},
         "packageFiles": [{"fileHandle": "weights.onnx", "downloadUrl": "",
                           "md5Hash": "5d41402abc4b2a76b9719d911017c592"}]},
        {"type": "external-model-package-v1", "packageId": "bbbb", "trustedSource": true,
         "packageManifest": {"type": "torch-model-package-v1", "backendType": "torch", "quantization": "fp32",
                             "staticBatchSize": 4},
         "packageFiles": [{"fileHandle": "weights.pth", "downloadUrl": "",
                           "md5Hash": "7215ee9c7d9dc229d2921a40e899ec5f"}]}],
      "proven": {}})");
  }

  void write_weights(const std::string& content) const {
    bytes("cache/shared-blobs/5d41402abc4b2a76b9719d911017c592", content);
  }
};

TEST_F(RecordedModel, IsListedByIdAndByAlias) {
  for (const char* name : {"coco/3", "yolov8n-640"}) {
    const ProcessResult result = run_program({"offline", "list", name, "--cache", cache()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out,
              "MODEL   ALIASES      ARCHITECTURE  TASK              RECORDED              USABLE PACKAGES\n"
              "coco/3  yolov8n-640  yolov8        object-detection  2026-01-01T00:00:00Z  1 of 2\n");
  }
  EXPECT_EQ(run_program({"offline", "list", "another", "--cache", cache(), "--json"}).out, "[]\n");
}

TEST_F(RecordedModel, IsWellThoughNotEveryPackageWasDownloaded) {
  const ProcessResult result = run_program({"offline", "verify", "yolov8n-640", "--check-hashes", "--cache", cache()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "MODEL   PACKAGE  STATUS   FILE\n"
            "coco/3  aaaa     ok\n"
            "coco/3  bbbb     missing\n");
}

TEST_F(RecordedModel, IsNotWellWithAnotherFile) {
  write_weights("jello");
  EXPECT_EQ(run_program({"offline", "verify", "--cache", cache()}).exit_code, 0) << "only looks for the files";
  const ProcessResult result = run_program({"offline", "verify", "--check-hashes", "--cache", cache()});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("coco/3  aaaa     hash-mismatch  weights.onnx\n"));
}

TEST_F(RecordedModel, IsNotWellWithoutAnyCompletePackage) {
  std::filesystem::remove(path("cache/shared-blobs/5d41402abc4b2a76b9719d911017c592"));
  const ProcessResult result = run_program({"offline", "verify", "--cache", cache(), "--json"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(parse_json(result.out).at(0).at("packages").at(0).at("status"), "missing");
}

TEST_F(RecordedModel, IsDescribedWithoutANetwork) {
  const ProcessResult result = run_offline({"describe", "yolov8n-640"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Model ID:         coco/3 (alias: yolov8n-640)\n"));
  EXPECT_THAT(result.out, HasSubstr("PACKAGE  BACKEND  BATCH  QUANTIZATION  TRUSTED\n"
                                    "aaaa     onnx         N  fp32          yes\n"));
  expect_tidy(result.out);
  const json described = parse_json(run_offline({"describe", "yolov8n-640", "--json"}).out);
  EXPECT_EQ(described.at("model").at("packages").at(0).at("package_id"), "aaaa");
}

TEST_F(RecordedModel, OnePackageIsDescribedInFull) {
  const ProcessResult result = run_offline({"describe", "yolov8n-640", "aaaa"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("Package ID:   aaaa\n"), HasSubstr("ONNX opset:   19\n")));
}

TEST_F(RecordedModel, APackageThatDoesNotExistIsAnErrorThatNamesTheOthers) {
  const ProcessResult result = run_offline({"describe", "yolov8n-640", "zzzz"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(StartsWith("error: NoModelPackagesAvailableError: "), HasSubstr("aaaa")));
}

TEST_F(RecordedModel, ExplainsTheChoiceAlsoWhereThereIsNone) {
  const ProcessResult chosen = run_offline({"explain", "yolov8n-640", "--json"});
  ASSERT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_EQ(parse_json(chosen.out).at("requested_model"), "yolov8n-640");

  const ProcessResult none = run_offline({"explain", "yolov8n-640", "--quantization", "int8", "--json"});
  ASSERT_EQ(none.exit_code, 0) << none.err;
  const json decision = parse_json(none.out);
  EXPECT_EQ(decision.at("ranked"), json::array());
  EXPECT_EQ(decision.at("rejections").at(0).at("stage"), "quantization");
  EXPECT_THAT(run_offline({"explain", "yolov8n-640", "--quantization", "int8"}).out, HasSubstr("aaaa"));
}

TEST_F(HubCommands, TheKeyIsNoOption) {
  EXPECT_EQ(run_program({"pull", "yolov8n-640", "--api-key", "secret"}).exit_code, 2);
  EXPECT_THAT(run_program({"--help"}).out, HasSubstr("ROBOFLOW_API_KEY"));
}

TEST_F(HubCommands, EveryCommandThatOpensAModelTakesTheSameOptions) {
  for (const char* command : {"infer", "bench", "pull"}) {
    const std::string help = run_program({command, "--help"}).out;
    for (const char* option : {"--package", "--min-batch", "--max-batch", "--quantization", "--allow-untrusted",
                               "--ranking", "--nms-fusion", "--provider", "--offline", "--no-resolution-cache",
                               "--allow-files-without-hash", "--cache", "--max-attempts"}) {
      EXPECT_THAT(help, HasSubstr(option)) << command;
    }
  }
}

struct HubMistake {
  std::string what;
  std::vector<std::string> arguments;
};

class HubUsageMistake : public ::testing::TestWithParam<HubMistake> {};

TEST_P(HubUsageMistake, EndsWithCodeTwoAndOneParagraphOnStderr) {
  const ProcessResult result = run_program(GetParam().arguments);
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, StartsWith("error: "));
}

INSTANTIATE_TEST_SUITE_P(
    All, HubUsageMistake,
    ::testing::Values(HubMistake{"NothingToDescribe", {"describe"}}, HubMistake{"NothingToExplain", {"explain"}},
                      HubMistake{"NothingToPull", {"pull"}}, HubMistake{"CacheWithoutAction", {"cache"}},
                      HubMistake{"OfflineWithoutAction", {"offline"}}, HubMistake{"UnknownAction", {"cache", "polish"}},
                      HubMistake{"UnknownQuantization", {"pull", "x", "--quantization", "fp99"}},
                      HubMistake{"AnyAndAnother", {"pull", "x", "--quantization", "any", "--quantization", "fp32"}},
                      HubMistake{"UnknownRanking", {"explain", "x", "--ranking", "best"}},
                      HubMistake{"NoBatch", {"pull", "x", "--min-batch", "0"}},
                      HubMistake{"BatchesTheWrongWayRound", {"pull", "x", "--min-batch", "8", "--max-batch", "4"}},
                      HubMistake{"NoAttempts", {"pull", "x", "--max-attempts", "0"}},
                      HubMistake{"DryRunOfAList", {"cache", "list", "--dry-run"}}),
    [](const auto& info) { return info.param.what; });

}  // namespace
}  // namespace inference_exp::testing
