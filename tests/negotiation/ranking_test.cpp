// The order among packages that can all run.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "negotiation/packages.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::ElementsAre;

LoadOptions ranked_by(BackendRanking ranking) {
  LoadOptions options;
  options.backend_ranking = ranking;
  return options;
}

PackageMetadata with_static_batch(PackageMetadata package, std::int32_t size) {
  package.batch = static_batch(size);
  return package;
}

/// Of two packages whose ids speak for "b", `better` must win, whichever is announced first.
void expect_better(PackageMetadata better, PackageMetadata worse, std::string_view key, LoadOptions options = {},
                   const EnvironmentDescription& environment = gpu_server()) {
  better.id = "b";
  worse.id = "a";
  options.allow_untrusted_packages = true;
  if (!options.quantization) options.quantization.emplace();
  for (const auto& packages : {std::vector{better, worse}, std::vector{worse, better}}) {
    const Decision decision = decide(packages, options, environment);
    ASSERT_THAT(ranked_ids(decision), ElementsAre("b", "a")) << key;
    const auto [first, second] =
        std::ranges::mismatch(decision.ranked[0].keys, decision.ranked[1].keys, {}, &RankKey::value, &RankKey::value);
    EXPECT_EQ(first->name, key);
    EXPECT_GT(first->value, second->value);
  }
}

TEST(Ranking, BackendsByEitherPreset) {
  const std::vector packages{onnx_package("onnx"), torch_package("torch"),
                             with_static_batch(trt_package("trt", Quantization::fp16), 1)};
  EXPECT_THAT(ranked_ids(decide(packages)), ElementsAre("trt", "torch", "onnx"));
  const Decision other = decide(packages, ranked_by(BackendRanking::trt_onnx_torch));
  EXPECT_THAT(ranked_ids(other), ElementsAre("trt", "onnx", "torch"));
  EXPECT_EQ(other.ranking, "trt-onnx-torch");
}

TEST(Ranking, TheBackendOutweighsTheQuantization) {
  const std::vector packages{onnx_package("onnx", Quantization::fp16), torch_package("torch", Quantization::unknown)};
  EXPECT_THAT(ranked_ids(decide(packages)), ElementsAre("torch", "onnx"));
}

TEST(Ranking, OnnxAndTorchScriptAreEqualInOnePreset) {
  PackageMetadata script = torch_script_package("script");
  script.quantization = Quantization::fp16;
  const std::vector packages{onnx_package("onnx"), script};
  EXPECT_THAT(ranked_ids(decide(packages)), ElementsAre("script", "onnx"));
  EXPECT_THAT(ranked_ids(decide(packages, ranked_by(BackendRanking::trt_onnx_torch))), ElementsAre("onnx", "script"));
}

TEST(Ranking, DynamicBeforeSmallStaticBatches) {
  EXPECT_THAT(ranked_ids(decide({with_static_batch(onnx_package("8"), 8), with_static_batch(onnx_package("1"), 1),
                                 onnx_package("dynamic")})),
              ElementsAre("dynamic", "1", "8"));
}

TEST(Ranking, TheNewerOpsetFirst) {
  PackageMetadata older = onnx_package("16");
  PackageMetadata newer = onnx_package("19");
  onnx_of(older).opset = 16;
  onnx_of(newer).opset = 19;
  EXPECT_THAT(ranked_ids(decide({older, newer})), ElementsAre("19", "16"));
}

TEST(Ranking, TheEngineOfThisGpuBeforeThatOfItsCapability) {
  PackageMetadata same_cc = trt_package("a");
  engine_of(same_cc).same_cc_compatible = true;
  EXPECT_THAT(ranked_ids(decide({same_cc, trt_package("exact")})), ElementsAre("exact", "a"));
}

TEST(Ranking, QuantizationsInOrder) {
  using enum Quantization;
  LoadOptions options;
  options.quantization.emplace();
  const Decision decision = decide({onnx_package("bf16", bf16), onnx_package("unknown", unknown),
                                    onnx_package("fp32", fp32), onnx_package("fp16", fp16), onnx_package("int8", int8)},
                                   options);
  EXPECT_THAT(ranked_ids(decision), ElementsAre("int8", "fp16", "fp32", "unknown", "bf16"));
}

TEST(Ranking, OneKeyAtATime) {
  PackageMetadata worse = onnx_package("");
  worse.trusted = false;
  expect_better(onnx_package(""), worse, "trusted");

  worse = onnx_package("");
  onnx_of(worse).incompatible_providers = {"CPUExecutionProvider"};
  expect_better(onnx_package(""), worse, "incompatible execution providers");

  worse = trt_package("");
  engine_of(worse).forward_compatible = true;
  expect_better(trt_package(""), worse, "for this TensorRT version alone");

  worse = trt_package("");
  engine_of(worse).cuda_version = "12.9";
  expect_better(trt_package(""), worse, "CUDA version");

  worse = trt_package("");
  engine_of(worse).os_version = "ubuntu-20.04";
  expect_better(trt_package(""), worse, "same operating system");

  worse = trt_package("");
  engine_of(worse).driver_version = "550.1";
  expect_better(trt_package(""), worse, "same driver");

  worse = trt_package("");
  engine_of(worse).lean_runtime_excluded = true;
  expect_better(trt_package(""), worse, "lean runtime included");

  PackageMetadata better = trt_package("");
  better.batch.min = 1;
  better.batch.max = 16;
  worse = better;
  worse.batch.max = 8;
  expect_better(better, worse, "range of batch sizes");
}

TEST(Ranking, AmongEnginesOfOneCapabilityThatOfMoreGpusByName) {
  PackageMetadata better = trt_package("");
  engine_of(better).same_cc_compatible = true;
  PackageMetadata worse = better;
  engine_of(worse).device_name = "geforce-rtx-2080";
  expect_better(better, worse, "GPUs of its name");
}

TEST(Ranking, AmongForwardCompatibleEnginesTheOlderTensorRt) {
  PackageMetadata better = trt_package("");
  engine_of(better).forward_compatible = true;
  engine_of(better).trt_version = "10.9.0.1";
  PackageMetadata worse = better;
  engine_of(worse).trt_version = "10.10.0.1";
  expect_better(better, worse, "TensorRT version");
}

TEST(Ranking, OnJetsonsTheSameProductAndTheSameL4t) {
  PackageMetadata worse = jetson_package("");
  engine_of(worse).jetson_name = "nvidia-jetson-agx-orin";
  expect_better(jetson_package(""), worse, "same Jetson", {}, jetson());
  worse = jetson_package("");
  engine_of(worse).l4t_version = "36.4.1";
  expect_better(jetson_package(""), worse, "same L4T version", {}, jetson());
}

TEST(Ranking, VersionsAreRankedAmongTheEligibleOnly) {
  PackageMetadata elsewhere = trt_package("z");
  engine_of(elsewhere).cuda_version = "11.0";
  engine_of(elsewhere).device_name = "nvidia-l4";
  const Decision decision = decide({elsewhere, trt_package("a")});
  ASSERT_EQ(decision.ranked.size(), 1U);
  const auto& keys = decision.ranked[0].keys;
  const auto cuda = std::ranges::find(keys, "CUDA version", &RankKey::name);
  ASSERT_NE(cuda, keys.end());
  EXPECT_EQ(cuda->value, 0);
  EXPECT_EQ(cuda->text, "12.8");
}

TEST(Ranking, TiesGoByPackageId) {
  EXPECT_THAT(ranked_ids(decide({onnx_package("c"), onnx_package("a"), onnx_package("b")})),
              ElementsAre("a", "b", "c"));
}

TEST(Ranking, EqualIdsKeepTheirOrder) {
  PackageMetadata first = onnx_package("a");
  PackageMetadata second = onnx_package("a");
  first.files = {{"first", "", {}}};
  second.files = {{"second", "", {}}};
  const Decision decision = decide({first, onnx_package("b"), second});
  ASSERT_EQ(decision.ranked.size(), 3U);
  EXPECT_EQ(decision.ranked[0].package.files[0].handle, "first");
  EXPECT_EQ(decision.ranked[1].package.files[0].handle, "second");
}

TEST(Ranking, EveryPackageHasTheSameKeysInTheSameOrder) {
  const Decision decision =
      decide({onnx_package("a"), torch_package("b"), trt_package("c"), torch_script_package("d")});
  ASSERT_EQ(decision.ranked.size(), 4U);
  for (const RankedPackage& ranked : decision.ranked) {
    ASSERT_EQ(ranked.keys.size(), 20U);
    for (std::size_t i = 0; i < ranked.keys.size(); ++i) {
      EXPECT_EQ(ranked.keys[i].name, decision.ranked[0].keys[i].name);
      EXPECT_FALSE(ranked.keys[i].text.empty());
    }
  }
}

/// Packages of all kinds with few values for each property, so that ties at every key occur.
class RandomPackages {
 public:
  explicit RandomPackages(unsigned seed) : random_(seed) {}

  std::vector<PackageMetadata> some() {
    std::vector<PackageMetadata> packages;
    const std::size_t count = pick(25);
    for (std::size_t i = 0; i < count; ++i) packages.push_back(one("package-" + std::to_string(i)));
    shuffle(packages);
    return packages;
  }
  void shuffle(std::vector<PackageMetadata>& packages) { std::ranges::shuffle(packages, random_); }

 private:
  std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  bool flip() { return pick(2) == 0; }

  PackageMetadata one(std::string id) {
    const std::size_t kind = pick(4);
    PackageMetadata package = kind == 0   ? onnx_package(std::move(id))
                              : kind == 1 ? torch_package(std::move(id))
                              : kind == 2 ? torch_script_package(std::move(id))
                                          : trt_package(std::move(id));
    package.quantization = static_cast<Quantization>(pick(5));
    package.trusted = flip();
    if (flip()) package.batch = static_batch(static_cast<std::int32_t>(1 + pick(3)));
    if (kind == 0) {
      onnx_of(package).opset = static_cast<std::int32_t>(17 + pick(3));
      if (flip()) onnx_of(package).incompatible_providers = {"CPUExecutionProvider"};
    }
    if (kind == 3) {
      TrtPackageDetails& engine = engine_of(package);
      engine.same_cc_compatible = flip();
      engine.forward_compatible = flip();
      engine.cuda_version = flip() ? "12.8" : "12.9";
      engine.trt_version = flip() ? "10.12.0.36" : "10.11";
      engine.driver_version = flip() ? "570.86.15" : "570";
    }
    return package;
  }

  std::mt19937 random_;
};

TEST(Ranking, IsTotalAndDoesNotDependOnTheOrderOfThePackages) {
  LoadOptions options;
  options.quantization.emplace();
  options.allow_untrusted_packages = true;
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomPackages random(seed);
    std::vector<PackageMetadata> packages = random.some();
    const Decision decision = decide(packages, options);
    ASSERT_EQ(decision.ranked.size() + decision.rejections.size(), packages.size());
    for (std::size_t i = 1; i < decision.ranked.size(); ++i) {
      ASSERT_TRUE(std::ranges::lexicographical_compare(decision.ranked[i].keys, decision.ranked[i - 1].keys, {},
                                                       &RankKey::value, &RankKey::value))
          << "seed " << seed << ", place " << i;
    }
    random.shuffle(packages);
    ASSERT_EQ(ranked_ids(decide(packages, options)), ranked_ids(decision)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace inference_exp::testing
