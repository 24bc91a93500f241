#include "networks/perception_encoder.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <complex>

#include "backends/torch/golden_network.hpp"
#include "checkpoint/checkpoint.hpp"
#include "networks/perception_encoder_parts.hpp"
#include "support/shared_data.hpp"
#include "towers.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using torch_backend::make_perception_encoder_image;
using torch_backend::make_perception_encoder_text;
using torch_backend::Network;
using torch_backend::PerceptionEncoderHints;
using torch_backend::Tower;
using torch_backend::Weights;

constexpr double kTolerance = 1e-6;

/// What the tiny network's shapes don't tell.
PerceptionEncoderHints hints_of(const nlohmann::json& manifest) {
  return {.vision_heads = manifest.at("vision_config").at("heads"),
          .pooler_heads = manifest.at("vision_config").at("attn_pooler_heads"),
          .text_heads = manifest.at("text_config").at("heads")};
}

class PerceptionEncoderGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(PerceptionEncoderGolden, ImagesOfEverySizeGiveTheOriginalsEmbeddingsAndLayers) {
  REQUIRE_SHARED(folder, "golden/" + GetParam());
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const nlohmann::json traces = read_json(folder / "trace.json");
  const auto expected = read_expected(folder / "expected.safetensors");
  const RecipeSource source(manifest);
  const auto image = make_perception_encoder_image(Weights(source, {}), hints_of(manifest));
  for (const nlohmann::json& entry : manifest.at("cases")) {
    const std::string label = entry.at("case");
    SCOPED_TRACE(label);
    expect_golden(*image, golden_image(entry), expected.at(label + ".image_embedding"), traces.at(label), kTolerance);
  }
}

TEST_P(PerceptionEncoderGolden, TextsGiveTheOriginalsEmbeddingsAndLayers) {
  REQUIRE_SHARED(folder, "golden/" + GetParam());
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const nlohmann::json traces = read_json(folder / "trace.json");
  const auto expected = read_expected(folder / "expected.safetensors");
  const RecipeSource source(manifest);
  const auto text = make_perception_encoder_text(Weights(source, {}), hints_of(manifest));
  expect_golden(*text, expected.at("a.tokens"), expected.at("a.text_embedding"), traces.at("a"), kTolerance);
}

INSTANTIATE_TEST_SUITE_P(Tiny, PerceptionEncoderGolden, ::testing::Values("pe-tiny-cls"));
INSTANTIATE_TEST_SUITE_P(FullSize, PerceptionEncoderGolden, ::testing::Values("pe-core-b16-224"));

TEST(PerceptionEncoderPublished, TheShapesAloneTellTheWholeArchitecture) {
  REQUIRE_SHARED(folder, "golden/pe-core-b16-224");
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const nlohmann::json& config = manifest.at("vision_config");
  const RecipeSource source(manifest);
  const auto shape = perception_encoder_shape(Weights(source, {}), {});
  EXPECT_EQ(shape.width, config.at("width"));
  EXPECT_EQ(shape.layers, config.at("layers"));
  EXPECT_EQ(shape.heads, config.at("heads"));
  EXPECT_EQ(shape.mlp_width, 3072);
  EXPECT_EQ(shape.patch, config.at("patch_size"));
  EXPECT_EQ(shape.grid, 14);
  EXPECT_EQ(shape.class_token, config.at("use_cls_token"));
  EXPECT_EQ(shape.pooler_heads, config.at("attn_pooler_heads"));
  EXPECT_EQ(shape.dimension, config.at("output_dim"));
}

class PerceptionEncoderNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_SHARED(folder, "golden/pe-tiny-cls");
    manifest_ = read_json(folder / "manifest.json");
  }
  std::unique_ptr<Network> image(const RecipeSource& source) const {
    return make_perception_encoder_image(Weights(source, {}), hints_of(manifest_));
  }
  std::unique_ptr<Network> text(const RecipeSource& source) const {
    return make_perception_encoder_text(Weights(source, {}), hints_of(manifest_));
  }
  nlohmann::json manifest_;
};

TEST_F(PerceptionEncoderNetwork, SaysWhatAModelHasToKnowOfIt) {
  const RecipeSource source(manifest_);
  const auto images = image(source);
  EXPECT_EQ(images->inputs()[0].shape, (std::vector<std::int64_t>{-1, 3, -1, -1}));
  EXPECT_EQ(images->outputs()[0].shape, (std::vector<std::int64_t>{-1, 40}));
  EXPECT_EQ(images->metadata().at("resolution"), "48");
  EXPECT_EQ(images->metadata().at("patch_size"), "8");
  EXPECT_EQ(images->metadata().at("dimension"), "40");
  const auto texts = text(source);
  EXPECT_EQ(texts->inputs()[0].shape, (std::vector<std::int64_t>{-1, 12}));
  EXPECT_EQ(texts->metadata().at("context_length"), "12");
  EXPECT_EQ(texts->metadata().at("dimension"), "40");
}

TEST_F(PerceptionEncoderNetwork, EmbeddingsHaveLengthOne) {
  const RecipeSource source(manifest_);
  const at::Tensor embeddings = run(*image(source), recipe_tensor("pictures", {3, 3, 48, 48}, 1));
  EXPECT_LE(largest_difference(at::norm(embeddings, 2, {-1}), at::ones({3})), 1e-6);
}

TEST(PerceptionEncoderTurns, EachPairTurnsByItsPlaceAlongXInTheFirstHalfAndAlongYInTheSecond) {
  constexpr std::int64_t kRows = 3;
  constexpr std::int64_t kColumns = 5;
  constexpr std::int64_t kHeadWidth = 24;
  for (const bool class_token : {false, true}) {
    const at::Tensor turns = torch_backend::grid_turns(kRows, kColumns, kHeadWidth, class_token, at::kCPU);
    ASSERT_EQ(turns.sizes().vec(), (std::vector<std::int64_t>{kRows * kColumns + (class_token ? 1 : 0), 12}));
    for (std::int64_t token = 0; token < turns.size(0); ++token) {
      const bool is_class = class_token && token == 0;
      const std::int64_t place = token - (class_token ? 1 : 0);
      for (std::int64_t pair = 0; pair < 12; ++pair) {
        const std::int64_t along = (pair < 6 ? place % kColumns : place / kColumns) + (class_token ? 1 : 0);
        const double angle = static_cast<double>(along) / std::pow(10000, static_cast<double>(pair % 6) / 6);
        const auto wanted = std::polar(1.0, is_class ? 0 : angle);
        const auto seen = turns[token][pair].item<c10::complex<float>>();
        EXPECT_NEAR(seen.real(), wanted.real(), 1e-6);
        EXPECT_NEAR(seen.imag(), wanted.imag(), 1e-6);
      }
    }
  }
}

TEST_F(PerceptionEncoderNetwork, NeedsNoClassToken) {
  RecipeSource source(manifest_);
  source.remove("visual.class_embedding");
  source.reshape("visual.positional_embedding", {36, 64});
  const auto network = image(source);
  EXPECT_EQ(network->metadata().at("resolution"), "48");
  EXPECT_EQ(run(*network, recipe_tensor("pictures", {2, 3, 48, 48}, 1)).size(1), 40);
  EXPECT_EQ(run(*network, recipe_tensor("pictures", {1, 3, 56, 64}, 1)).size(1), 40);
}

TEST_F(PerceptionEncoderNetwork, RefusesAPictureThatPatchesCannotDivide) {
  const RecipeSource source(manifest_);
  const auto network = image(source);
  for (const std::int64_t side : {1, 7, 44, 49}) {
    EXPECT_THAT(refusal(
                    [&] {
                      return run(*network, at::zeros({1, 3, 48, side}));
                    },
                    IEXP_ERROR_MODEL_RUNTIME),
                HasSubstr("multiples of 8"));
  }
}

TEST_F(PerceptionEncoderNetwork, RefusesIdsOutsideTheVocabulary) {
  const RecipeSource source(manifest_);
  at::Tensor tokens = at::zeros({1, 12}, at::TensorOptions().dtype(at::kInt));
  tokens[0][4] = 600;
  EXPECT_THAT(refusal([&] { return run(*text(source), tokens); }, IEXP_ERROR_MODEL_RUNTIME), HasSubstr("600"));
}

TEST_F(PerceptionEncoderNetwork, ListsEveryTensorThatIsMissingOrHasAnotherShape) {
  RecipeSource source(manifest_);
  source.remove("visual.attn_pool.layernorm.bias");
  source.reshape("visual.attn_pool.probe", {1, 2, 64});
  EXPECT_THAT(refusal([&] { return image(source); }),
              AllOf(HasSubstr("2 tensors"), HasSubstr("visual.attn_pool.layernorm.bias is missing"),
                    HasSubstr("visual.attn_pool.probe has the shape [1, 2, 64] instead of [1, 1, 64]")));
}

TEST_F(PerceptionEncoderNetwork, SizesThatOnlyOneTensorClaimsTakeNoMemory) {
  const auto claiming = [&](const std::string& name, std::vector<std::int64_t> shape) {
    RecipeSource source(manifest_);
    source.reshape(name, std::move(shape));
    return refusal([&] { return image(source); });
  };
  const std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_THAT(claiming("visual.positional_embedding", {huge + 1, 64}), HasSubstr("grid"));
  EXPECT_THAT(claiming("visual.attn_pool.mlp.c_fc.weight", {huge, 64}), HasSubstr("hidden width"));
  EXPECT_THAT(claiming("visual.proj", {64, huge}), HasSubstr("dimension"));
}

TEST_F(PerceptionEncoderNetwork, RefusesHeadsThatDoNotFitTheWidth) {
  const RecipeSource source(manifest_);
  for (const PerceptionEncoderHints& hints :
       {PerceptionEncoderHints{.vision_heads = 5}, PerceptionEncoderHints{.vision_heads = 32},
        PerceptionEncoderHints{.pooler_heads = 7}}) {
    EXPECT_THAT(refusal([&] { return make_perception_encoder_image(Weights(source, {}), hints); }), HasSubstr("heads"));
  }
}

TEST_F(PerceptionEncoderNetwork, ACheckpointWithoutATextTowerSaysSo) {
  RecipeSource source(manifest_);
  source.remove("token_embedding.weight");
  EXPECT_THAT(refusal([&] { return text(source); }), HasSubstr("no text tower"));
  EXPECT_NE(image(source), nullptr);
}

TEST_F(PerceptionEncoderNetwork, RefusesAClip) {
  REQUIRE_SHARED(folder, "golden/clip-tiny-vit");
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const RecipeSource source(manifest);
  EXPECT_THAT(refusal([&] { return make_perception_encoder_image(Weights(source, {}), {}); }), HasSubstr("attn_pool"));
  EXPECT_THAT(refusal([&] { return make_perception_encoder_text(Weights(source, {}), {}); }), HasSubstr("clip"));
}

TEST_F(PerceptionEncoderNetwork, OpensPlainAndWrappedCheckpointsAlike) {
  // Heads are not in the file: with those that the shapes suggest, both must at least agree with each other.
  REQUIRE_SHARED(folder, "golden/checkpoints/good");
  const RecipeSource source(manifest_);
  const at::Tensor pictures = recipe_tensor("pictures", {2, 3, 48, 48}, 1);
  const auto wanted = make_perception_encoder_image(Weights(source, {}), {});
  at::Tensor tokens = at::zeros({1, 12}, at::TensorOptions().dtype(at::kInt));
  tokens[0][4] = 599;
  const auto wanted_text = make_perception_encoder_text(Weights(source, {}), {});
  for (const char* name : {"pe_tiny_cls.pt", "pe_tiny_cls_wrapped.pt"}) {
    const auto file = checkpoint::Checkpoint::open(folder / name);
    EXPECT_EQ(
        largest_difference(run(*open_perception_encoder(file, "", Tower::image, {}), pictures), run(*wanted, pictures)),
        0);
    EXPECT_EQ(
        largest_difference(run(*open_perception_encoder(file, "", Tower::text, {}), tokens), run(*wanted_text, tokens)),
        0);
  }
}

TEST_F(PerceptionEncoderNetwork, RefusesNamesThatAreUnknownOrOfAnotherSize) {
  REQUIRE_SHARED(folder, "golden/checkpoints/good");
  const auto file = checkpoint::Checkpoint::open(folder / "pe_tiny_cls.pt");
  for (const Tower tower : {Tower::image, Tower::text}) {
    EXPECT_THAT(
        refusal([&] { return open_perception_encoder(file, "PE-Core-X1", tower, {}); }, IEXP_ERROR_INVALID_PARAMETER),
        AllOf(HasSubstr("PE-Core-X1"), HasSubstr("PE-Core-G14-448")));
  }
  EXPECT_THAT(refusal([&] { return open_perception_encoder(file, "PE-Core-L14-336", Tower::image, {}); }),
              HasSubstr("not those of PE-Core-L14-336"));
  const auto other = checkpoint::Checkpoint::open(folder / "rfdetr_tiny_stripped.pth");
  EXPECT_THAT(refusal([&] { return open_perception_encoder(other, "", Tower::image, {}); }),
              HasSubstr("no Perception Encoder weights"));
}

}  // namespace
}  // namespace inference_exp::testing
