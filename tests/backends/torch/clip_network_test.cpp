#include "networks/clip.hpp"

#include <gmock/gmock.h>

#include "backends/torch/golden_network.hpp"
#include "checkpoint/checkpoint.hpp"
#include "support/shared_data.hpp"
#include "towers.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using torch_backend::make_clip_image;
using torch_backend::make_clip_text;
using torch_backend::Network;
using torch_backend::Tower;
using torch_backend::Weights;

constexpr double kTolerance = 2e-5;

class ClipGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(ClipGolden, BothTowersGiveTheOriginalsEmbeddingsAndLayers) {
  REQUIRE_SHARED(folder, "golden/" + GetParam());
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const nlohmann::json traces = read_json(folder / "trace.json");
  const auto expected = read_expected(folder / "expected.safetensors");
  const RecipeSource source(manifest);
  const auto image = make_clip_image(Weights(source, {}));
  const auto text = make_clip_text(Weights(source, {}));
  for (const nlohmann::json& entry : manifest.at("cases")) {
    const std::string label = entry.at("case");
    SCOPED_TRACE(label);
    expect_golden(*image, golden_image(entry), expected.at(label + ".image_embedding"), traces.at(label), kTolerance);
    expect_golden(*text, expected.at(label + ".tokens"), expected.at(label + ".text_embedding"), traces.at(label),
                  kTolerance);
  }
}

TEST_P(ClipGolden, TheShapesAloneTellTheWholeArchitecture) {
  REQUIRE_SHARED(folder, "golden/" + GetParam());
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const nlohmann::json& config = manifest.at("config");
  const RecipeSource source(manifest);
  const auto image = make_clip_image(Weights(source, {}));
  const std::int64_t side = config.at("image_resolution");
  const std::int64_t dimension = config.at("embed_dim");
  EXPECT_EQ(image->inputs()[0].name, "image");
  EXPECT_EQ(image->inputs()[0].shape, (std::vector<std::int64_t>{-1, 3, side, side}));
  EXPECT_EQ(image->outputs()[0].name, "embeddings");
  EXPECT_EQ(image->outputs()[0].shape, (std::vector<std::int64_t>{-1, dimension}));
  EXPECT_EQ(image->metadata().at("resolution"), std::to_string(side));
  EXPECT_EQ(image->metadata().at("dimension"), std::to_string(dimension));
  const auto text = make_clip_text(Weights(source, {}));
  EXPECT_EQ(text->inputs()[0].name, "tokens");
  EXPECT_EQ(text->inputs()[0].dtype, at::kInt);
  EXPECT_EQ(text->inputs()[0].shape, (std::vector<std::int64_t>{-1, 77}));
  EXPECT_EQ(text->metadata().at("context_length"), "77");
  EXPECT_EQ(text->metadata().at("dimension"), std::to_string(dimension));
}

INSTANTIATE_TEST_SUITE_P(Tiny, ClipGolden, ::testing::Values("clip-tiny-vit", "clip-tiny-rn"));
INSTANTIATE_TEST_SUITE_P(FullSize, ClipGolden, ::testing::Values("clip-vit-b-32", "clip-rn50"));

class ClipNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_SHARED(vit, "golden/clip-tiny-vit");
    REQUIRE_SHARED(resnet, "golden/clip-tiny-rn");
    vit_ = read_json(vit / "manifest.json");
    resnet_ = read_json(resnet / "manifest.json");
  }
  nlohmann::json vit_, resnet_;
};

TEST_F(ClipNetwork, TextsOfRandomLengthsAreTheSameWhenOnlyWhatTellsIsComputed) {
  const RecipeSource source(vit_);
  const auto text = make_clip_text(Weights(source, {}));
  at::Tensor tokens = at::randint(0, 598, {8, 77}, at::TensorOptions().dtype(at::kInt));
  const nlohmann::json no_trace = nlohmann::json::array();
  const std::vector<std::int64_t> ends{1, 76, 5, 5, 30, 2, 60, 11};
  for (const bool with_longest : {true, false}) {
    const at::Tensor rows = with_longest ? tokens : tokens.slice(0, 2);
    for (std::int64_t i = 0; i < 8; ++i) tokens[i][ends[static_cast<std::size_t>(i)]] = 599;
    TraceComparer everything(no_trace);
    EXPECT_LE(largest_difference(run(*text, rows), run(*text, rows, &everything)), kTolerance);
  }
}

TEST_F(ClipNetwork, ATextsEmbeddingDoesNotDependOnItsNeighbours) {
  const RecipeSource source(vit_);
  const auto text = make_clip_text(Weights(source, {}));
  at::Tensor tokens = at::zeros({2, 77}, at::TensorOptions().dtype(at::kInt));
  tokens[0][3] = 599;
  tokens[1][70] = 599;
  const at::Tensor together = run(*text, tokens);
  EXPECT_LE(largest_difference(together.slice(0, 0, 1), run(*text, tokens.slice(0, 0, 1))), 1e-5);
  EXPECT_GT(largest_difference(together.slice(0, 0, 1), together.slice(0, 1, 2)), 1e-2);
}

TEST_F(ClipNetwork, RefusesIdsOutsideTheVocabulary) {
  const RecipeSource source(vit_);
  const auto text = make_clip_text(Weights(source, {}));
  at::Tensor tokens = at::zeros({2, 77}, at::TensorOptions().dtype(at::kInt));
  for (const int id : {600, 49407, -1, -600}) {
    tokens[1][76] = id;
    EXPECT_THAT(refusal([&] { return run(*text, tokens); }, IEXP_ERROR_MODEL_RUNTIME),
                AllOf(HasSubstr("id " + std::to_string(id)), HasSubstr("599")));
  }
}

TEST_F(ClipNetwork, RefusesInputsOfOtherSizes) {
  const RecipeSource source(vit_);
  const auto image = make_clip_image(Weights(source, {}));
  const auto text = make_clip_text(Weights(source, {}));
  const auto refused = [](const Network& network, const at::Tensor& input) {
    return refusal([&] { return run(network, input); }, IEXP_ERROR_MODEL_RUNTIME);
  };
  EXPECT_THAT(refused(*image, at::zeros({1, 3, 48, 56})), HasSubstr("any x 3 x 48 x 48"));
  EXPECT_THAT(refused(*text, at::zeros({1, 32}, at::kInt)), HasSubstr("any x 77"));
}

TEST_F(ClipNetwork, ListsEveryTensorThatIsMissingOrHasAnotherShape) {
  RecipeSource vit(vit_);
  vit.remove("visual.transformer.resblocks.1.mlp.c_proj.bias");
  vit.reshape("visual.ln_post.weight", {31});
  EXPECT_THAT(refusal([&] { return make_clip_image(Weights(vit, {})); }),
              AllOf(HasSubstr("2 tensors"), HasSubstr("visual.transformer.resblocks.1.mlp.c_proj.bias is missing"),
                    HasSubstr("visual.ln_post.weight has the shape [31] instead of [128]")));
  RecipeSource resnet(resnet_);
  resnet.remove("visual.layer3.0.bn2.running_var");
  resnet.remove("visual.layer2.0.downsample.0.weight");
  EXPECT_THAT(refusal([&] { return make_clip_image(Weights(resnet, {})); }),
              AllOf(HasSubstr("2 tensors"), HasSubstr("visual.layer3.0.bn2.running_var is missing"),
                    HasSubstr("visual.layer2.0.downsample.0.weight is missing")));
  RecipeSource text(vit_);
  text.reshape("text_projection", {64, 48});
  EXPECT_THAT(refusal([&] { return make_clip_text(Weights(text, {})); }),
              HasSubstr("text_projection has the shape [64, 48] instead of [128, 48]"));
}

TEST_F(ClipNetwork, AnOpenedTowerAsksForNoTensorOfTheOther) {
  RecipeSource images(vit_);
  RecipeSource texts(vit_);
  for (const nlohmann::json& tensor : vit_.at("tensors")) {
    const std::string name = tensor.at("name");
    (name.starts_with("visual.") ? texts : images).remove(name);
  }
  EXPECT_NE(make_clip_image(Weights(images, {})), nullptr);
  EXPECT_NE(make_clip_text(Weights(texts, {})), nullptr);
  EXPECT_THAT(refusal([&] { return make_clip_text(Weights(images, {})); }), HasSubstr("no text tower"));
  EXPECT_THAT(refusal([&] { return make_clip_image(Weights(texts, {})); }), HasSubstr("no image tower"));
}

TEST_F(ClipNetwork, SizesThatOnlyOneTensorClaimsTakeNoMemory) {
  const auto claiming = [](const nlohmann::json& manifest, const std::string& name, std::vector<std::int64_t> shape) {
    RecipeSource source(manifest);
    source.reshape(name, std::move(shape));
    return refusal([&] { return make_clip_image(Weights(source, {})); }) +
           refusal([&] { return make_clip_text(Weights(source, {})); });
  };
  const std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_THAT(claiming(vit_, "visual.transformer.resblocks.0.mlp.c_fc.weight", {huge, 128}),
              HasSubstr("No transformer"));
  EXPECT_THAT(claiming(vit_, "visual.positional_embedding", {huge + 2, 128}), HasSubstr("square"));
  EXPECT_THAT(claiming(vit_, "positional_embedding", {huge, 128}), HasSubstr("context length"));
  EXPECT_THAT(claiming(vit_, "visual.conv1.weight", {128, 3, huge, huge}), HasSubstr("patch size"));
  EXPECT_THAT(claiming(resnet_, "visual.layer1.0.conv1.weight", {huge, 8, 1, 1}), HasSubstr("width"));
  EXPECT_THAT(claiming(resnet_, "visual.attnpool.positional_embedding", {huge + 1, 256}), HasSubstr("grid"));
  EXPECT_THAT(claiming(resnet_, "visual.layer1.0.conv1.weight", {4096, 8, 1, 1}), HasSubstr("do not fit"));
  EXPECT_THAT(claiming(resnet_, "visual.layer1.0.conv1.weight", {7, 8, 1, 1}), HasSubstr("odd width 7"));
}

TEST_F(ClipNetwork, RefusesAPerceptionEncoder) {
  REQUIRE_SHARED(folder, "golden/pe-tiny-cls");
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const RecipeSource source(manifest);
  EXPECT_THAT(refusal([&] { return make_clip_image(Weights(source, {})); }), HasSubstr("Perception Encoder"));
  EXPECT_THAT(refusal([&] { return make_clip_text(Weights(source, {})); }), HasSubstr("Perception Encoder"));
}

TEST_F(ClipNetwork, OpensTheArchivesThatOpenAiPublishedInThisForm) {
  for (const std::string name : {"vit", "rn"}) {
    REQUIRE_SHARED(file, "golden/checkpoints/good/clip_tiny_" + name + "_torchscript.pt");
    const auto expected = read_expected(shared_dir() / "golden" / ("clip-tiny-" + name) / "expected.safetensors");
    const nlohmann::json& manifest = name == "vit" ? vit_ : resnet_;
    const auto checkpoint = checkpoint::Checkpoint::open(file);
    const auto image = open_clip(checkpoint, Tower::image, {});
    const auto text = open_clip(checkpoint, Tower::text, {});
    EXPECT_LE(largest_difference(run(*image, golden_image(manifest.at("cases")[0])), expected.at("a.image_embedding")),
              kTolerance);
    EXPECT_LE(largest_difference(run(*text, expected.at("a.tokens")), expected.at("a.text_embedding")), kTolerance);
  }
}

}  // namespace
}  // namespace inference_exp::testing
