#include "networks/rfdetr.hpp"

#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>

#include "backends/torch/golden_network.hpp"
#include "common/failure.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

using backend::Failure;
using ::testing::AllOf;
using ::testing::HasSubstr;
using torch_backend::make_rfdetr;
using torch_backend::Network;
using torch_backend::RfdetrHints;
using torch_backend::RfdetrShape;
using torch_backend::Weights;

/// What the tiny networks' shapes don't tell.
RfdetrHints hints_of(const nlohmann::json& config) {
  return {.num_windows = config.at("num_windows"),
          .stages = config.at("out_feature_indexes"),
          .encoder_heads = config.at("heads"),
          .self_attention_heads = config.at("sa_nheads"),
          .cross_attention_heads = config.at("ca_nheads"),
          .num_queries = config.at("num_queries"),
          .resolution = config.at("resolution")};
}

struct GoldenModel {
  std::string name;
  double logits_tolerance;
  double boxes_tolerance;
};

class RfdetrGolden : public ::testing::TestWithParam<GoldenModel> {};

TEST_P(RfdetrGolden, EveryCaseGivesTheOriginalsLogitsBoxesAndLayers) {
  const auto& [name, logits_tolerance, boxes_tolerance] = GetParam();
  REQUIRE_SHARED(folder, "golden/" + name);
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const nlohmann::json traces = read_json(folder / "trace.json");
  const auto expected = read_expected(folder / "expected.safetensors");
  const RecipeSource source(manifest);
  const std::unique_ptr<Network> network = make_rfdetr(Weights(source, {}), hints_of(manifest.at("config")), {});
  const c10::InferenceMode guard;
  for (const nlohmann::json& entry : manifest.at("cases")) {
    const std::string label = entry.at("case");
    SCOPED_TRACE(label);
    const at::Tensor input = recipe_tensor(entry.at("input"), entry.at("input_shape"), entry.at("input_log2scale"));
    TraceComparer trace(traces.at(label));
    const std::vector<at::Tensor> outputs = network->forward(std::span(&input, 1), &trace);
    EXPECT_EQ(trace.first_difference(), "");
    EXPECT_GT(trace.compared(), 20U);
    EXPECT_LE(largest_difference(outputs[1], expected.at(label + ".pred_logits")), logits_tolerance);
    EXPECT_LE(largest_difference(outputs[0], expected.at(label + ".pred_boxes")), boxes_tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Tiny, RfdetrGolden,
                         ::testing::Values(GoldenModel{"rfdetr-tiny-p4", 1e-5, 3e-6},
                                           GoldenModel{"rfdetr-tiny-p3p5", 1e-5, 3e-6},
                                           GoldenModel{"rfdetr-tiny-nano", 1e-5, 3e-6}));
INSTANTIATE_TEST_SUITE_P(FullSize, RfdetrGolden,
                         ::testing::Values(GoldenModel{"rfdetr-base", 1e-4, 1e-6},
                                           GoldenModel{"rfdetr-large", 1e-4, 1e-6}));

class RfdetrPublished : public ::testing::TestWithParam<std::string> {};

TEST_P(RfdetrPublished, TheShapesAloneTellTheWholeArchitecture) {
  REQUIRE_SHARED(folder, "golden/" + GetParam());
  const nlohmann::json manifest = read_json(folder / "manifest.json");
  const nlohmann::json& config = manifest.at("config");
  const RecipeSource source(manifest);
  const RfdetrShape shape = rfdetr_shape(Weights(source, {}), {});
  EXPECT_EQ(shape.encoder_heads, config.at("heads"));
  EXPECT_EQ(shape.num_windows, config.at("num_windows"));
  EXPECT_EQ(nlohmann::json(shape.stages), config.at("out_feature_indexes"));
  EXPECT_EQ(shape.self_heads, config.at("sa_nheads"));
  EXPECT_EQ(shape.cross_heads, config.at("ca_nheads"));
  EXPECT_EQ(shape.points, config.at("dec_n_points"));
  EXPECT_EQ(shape.decoder_layers, config.at("dec_layers"));
  EXPECT_EQ(shape.num_queries, config.at("num_queries"));
  EXPECT_EQ(shape.classes, config.at("num_classes").get<int>() + 1);
  EXPECT_EQ(shape.resolution, config.at("resolution"));
}

INSTANTIATE_TEST_SUITE_P(Sizes, RfdetrPublished, ::testing::Values("rfdetr-base", "rfdetr-large"));

class RfdetrNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_SHARED(folder, "golden/rfdetr-tiny-p4");
    manifest_ = read_json(folder / "manifest.json");
  }
  std::string refusal(const RecipeSource& source) const {
    try {
      (void)make_rfdetr(Weights(source, {}), hints_of(manifest_.at("config")), {});
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), IEXP_ERROR_CORRUPTED_PACKAGE);
      return failure.what();
    }
    return "";
  }
  nlohmann::json manifest_;
};

TEST_F(RfdetrNetwork, ListsEveryTensorThatIsMissingOrHasAnotherShape) {
  RecipeSource source(manifest_);
  source.remove("bbox_embed.layers.1.bias");
  source.reshape("transformer.decoder.norm.weight", {31});
  EXPECT_THAT(refusal(source), AllOf(HasSubstr("2 tensors"), HasSubstr("bbox_embed.layers.1.bias is missing"),
                                     HasSubstr("transformer.decoder.norm.weight has the shape [31] instead of [32]")));
}

TEST_F(RfdetrNetwork, AWidthThatOnlyOneTensorClaimsTakesNoMemory) {
  // The layers after the first would get as many terabytes.
  RecipeSource source(manifest_);
  source.reshape("backbone.0.encoder.encoder.encoder.layer.0.mlp.fc1.weight", {1'000'000'000'000, 48});
  EXPECT_THAT(refusal(source), HasSubstr("do not fit"));
}

TEST_F(RfdetrNetwork, RefusesSettingsThatNoNetworkHas) {
  const RecipeSource source(manifest_);
  nlohmann::json& config = manifest_.at("config");
  config["num_windows"] = 1'000'000'000'000;
  EXPECT_THAT(refusal(source), HasSubstr("windows"));
  config["num_windows"] = 2;
  config["resolution"] = 1'000'000'000'000;
  EXPECT_THAT(refusal(source), HasSubstr("resolution"));
}

TEST_F(RfdetrNetwork, RefusesAnotherKindOfModel) {
  RecipeSource source(manifest_);
  source.remove("backbone.0.encoder.encoder.embeddings.cls_token");
  EXPECT_THAT(refusal(source), HasSubstr("cls_token"));
}

TEST_F(RfdetrNetwork, RefusesAPictureThatWindowsCannotDivide) {
  const RecipeSource source(manifest_);
  const auto network = make_rfdetr(Weights(source, {}), hints_of(manifest_.at("config")), {});
  const c10::InferenceMode guard;
  const at::Tensor input = at::zeros({1, 3, 112, 100});
  try {
    (void)network->forward(std::span(&input, 1));
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), IEXP_ERROR_MODEL_RUNTIME);
    EXPECT_THAT(failure.hint(), HasSubstr("28"));
  }
}

TEST_F(RfdetrNetwork, SaysWhatAModelHasToKnowOfIt) {
  const RecipeSource source(manifest_);
  const auto network = make_rfdetr(Weights(source, {}), hints_of(manifest_.at("config")), {{"class_names", "[]"}});
  EXPECT_EQ(network->metadata().at("resolution"), "112");
  EXPECT_EQ(network->metadata().at("patch_size"), "14");
  EXPECT_EQ(network->metadata().at("num_windows"), "2");
  EXPECT_EQ(network->metadata().at("num_classes"), "7");
  EXPECT_EQ(network->metadata().at("class_names"), "[]");
}

}  // namespace
}  // namespace inference_exp::testing
