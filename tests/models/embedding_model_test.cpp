// CLIP and Perception Encoder over sessions that know their answers by heart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "inference_exp/errors.hpp"
#include "models/fake_session.hpp"
#include "models/fake_text_session.hpp"
#include "models/registry.hpp"
#include "models/yolo_fixtures.hpp"
#include "text/vocabularies.hpp"

namespace inference_exp::models {
namespace {

using ::testing::ElementsAre;
using testing::FakeSession;
using testing::FakeTextSession;
using testing::GreyImage;
using ::testing::HasSubstr;

/// The first grey value that is above 0 after CLIP's normalization; FakeSession gives it answer 1.
constexpr std::uint8_t kDarkest = 123;

std::shared_ptr<const text::Vocabulary> vocabulary() {
  static const auto made = std::make_shared<const text::Vocabulary>(text::testing::random_vocabulary(1), "random");
  return made;
}

/// An image network of side 8 that gives the vector of an image's middle pixel, as FakeSession does.
std::shared_ptr<FakeSession> image_network(Shape input = {-1, 3, 8, 8}, std::int64_t dimension = 3) {
  return std::make_shared<FakeSession>(
      input, std::vector<testing::FakeOutput>{{Shape{-1, dimension}, Shape{3}, {{1, 2, 3}, {4, 5, 6}}}});
}

ModelInit init_of(const std::string& architecture, std::shared_ptr<const runtime::Session> images = image_network(),
                  std::shared_ptr<const runtime::Session> texts = std::make_shared<FakeTextSession>(3)) {
  ModelInit init;
  init.architecture = architecture;
  init.task = "embedding";
  init.session = std::move(images);
  init.text_session = std::move(texts);
  init.vocabulary = vocabulary;
  return init;
}

std::unique_ptr<EmbeddingModel> make_clip_model() { return testing::make<EmbeddingModel>(init_of("clip")); }

std::string refusal(ModelInit init) {
  try {
    (void)make_model(std::move(init));
  } catch (const CorruptedModelPackageError& error) {
    return error.what();
  }
  return "";
}

TEST(EmbeddingModel, GivesOneVectorForEachImage) {
  const auto model = make_clip_model();
  EXPECT_EQ(model->task(), "embedding");
  EXPECT_EQ(model->dimension(), 3U);
  EXPECT_EQ(model->input_size(), (Size{8, 8}));
  EXPECT_THAT(model->class_names(), ::testing::IsEmpty());
  const GreyImage grey({16, 12}, kDarkest);
  const std::vector<ImageView> images(40, grey.view());
  const Embeddings embeddings = model->embed_images(images);
  EXPECT_EQ(embeddings.count(), 40U);
  EXPECT_THAT(embeddings[0], ElementsAre(4, 5, 6));
  EXPECT_THAT(embeddings[39], ElementsAre(4, 5, 6));
  EXPECT_THAT(model->embed_image(grey.view()).values(), ElementsAre(4, 5, 6));
}

TEST(EmbeddingModel, RunsAtMost32ImagesAtOnce) {
  EXPECT_EQ(make_clip_model()->max_batch_size(), 32);
  ModelInit init = init_of("clip");
  init.config.forward_pass.max_dynamic_batch_size = 2;
  EXPECT_EQ(testing::make<EmbeddingModel>(std::move(init))->max_batch_size(), 2);
}

TEST(EmbeddingModel, GivesOneVectorForEachText) {
  const auto model = make_clip_model();
  const std::vector<std::string> texts{"", "!"};
  const Embeddings embeddings = model->embed_text(texts);
  EXPECT_EQ(embeddings.count(), 2U);
  EXPECT_THAT(embeddings[0], ElementsAre(text::kStartOfText, text::kEndOfText, 0));
  EXPECT_THAT(embeddings[1], ElementsAre(text::kStartOfText, text::Vocabulary::byte_id('!', true), text::kEndOfText));
}

TEST(EmbeddingModel, NeedsSomethingToEmbed) {
  const auto model = make_clip_model();
  EXPECT_THROW((void)model->embed_images({}), ModelInputError);
  EXPECT_THROW((void)model->embed_text({}), ModelInputError);
}

TEST(EmbeddingModel, ClipRefusesATextThatIsTooLongAndPerceptionEncoderCutsIt) {
  const std::vector<std::string> texts{std::string(200, '!')};
  EXPECT_THROW((void)make_clip_model()->embed_text(texts), ModelInputError);
  const auto model = testing::make<EmbeddingModel>(init_of("perception-encoder"));
  EXPECT_EQ(model->embed_text(texts).count(), 1U);
}

TEST(EmbeddingModel, TakesItsSizeFromWhatTheNetworkTells) {
  const auto network = image_network({-1, 3, -1, -1});
  EXPECT_THAT(refusal(init_of("perception-encoder", network)), HasSubstr("square"));
  network->set_metadata({{"resolution", "16"}});
  EXPECT_EQ(testing::make<EmbeddingModel>(init_of("perception-encoder", network))->input_size(), (Size{16, 16}));
  EXPECT_THAT(refusal(init_of("clip", image_network({-1, 3, 8, 16}))), HasSubstr("square"));
}

TEST(EmbeddingModel, FindsItsDimensionByARunWhereNobodyDeclaresIt) {
  const auto texts = std::make_shared<FakeTextSession>(-1);
  texts->answer_with(3);
  const auto model = testing::make<EmbeddingModel>(init_of("clip", image_network({-1, 3, 8, 8}, -1), texts));
  EXPECT_EQ(model->dimension(), 3U);
}

TEST(EmbeddingModel, RefusesNetworksWhoseVectorsCannotBeCompared) {
  EXPECT_THAT(refusal(init_of("clip", image_network(), std::make_shared<FakeTextSession>(4))), HasSubstr("3 and 4"));
}

TEST(EmbeddingModel, AVectorOfAnotherLengthThanDeclaredIsAnError) {
  const auto texts = std::make_shared<FakeTextSession>(-1);
  texts->answer_with(5);
  const auto model = testing::make<EmbeddingModel>(init_of("clip", image_network(), texts));
  const std::vector<std::string> words{"a"};
  EXPECT_THROW((void)model->embed_text(words), ModelRuntimeError);
}

TEST(EmbeddingModel, AsksTheNetworkOnceForATextThatItRemembers) {
  const auto texts = std::make_shared<FakeTextSession>(3);
  ModelInit init = init_of("clip", image_network(), texts);
  init.text_embedding_cache = 8;
  const auto model = testing::make<EmbeddingModel>(std::move(init));
  const std::vector<std::string> first{"!", "?"};
  const std::vector<std::string> second{"?", "#", "!"};
  const Embeddings known = model->embed_text(first);
  const Embeddings mixed = model->embed_text(second);
  EXPECT_THAT(texts->batches(), ElementsAre(2, 1));
  EXPECT_THAT(mixed[0], ::testing::ElementsAreArray(known[1]));
  EXPECT_THAT(mixed[2], ::testing::ElementsAreArray(known[0]));
  EXPECT_THAT(mixed[1][1], text::Vocabulary::byte_id('#', true));
}

TEST(EmbeddingModel, WithoutTheOptionRemembersNothing) {
  const auto texts = std::make_shared<FakeTextSession>(3);
  const auto model = testing::make<EmbeddingModel>(init_of("clip", image_network(), texts));
  const std::vector<std::string> words{"!"};
  (void)model->embed_text(words);
  (void)model->embed_text(words);
  EXPECT_THAT(texts->batches(), ElementsAre(1, 1));
}

TEST(EmbeddingModel, GivesTheSameVectorsInStages) {
  const auto model = make_clip_model();
  const GreyImage dark({16, 12});
  const GreyImage grey({9, 12}, kDarkest);
  const std::vector<ImageView> images{dark.view(), grey.view()};
  const PreparedImages prepared = model->pre_process(images);
  EXPECT_THAT(prepared.pixels.shape, ElementsAre(2, 3, 8, 8));
  const NetworkOutputs outputs = model->forward(prepared.pixels);
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_THAT(outputs[0].values, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(EmbeddingModel, ServesManyThreads) {
  ModelInit init = init_of("clip");
  init.text_embedding_cache = 2;
  const auto model = testing::make<EmbeddingModel>(std::move(init));
  const GreyImage image({16, 12}, kDarkest);
  const std::vector<std::string> texts{"!", "?", "#"};
  const Embeddings expected = model->embed_text(texts);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_THAT(model->embed_image(image.view()).values(), ElementsAre(4, 5, 6));
        EXPECT_EQ(model->embed_text(texts), expected);
      }
    });
  }
}

}  // namespace
}  // namespace inference_exp::models
