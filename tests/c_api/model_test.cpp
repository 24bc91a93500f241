// Models of the tasks that no embedded network has: key points and embeddings, and models that fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <new>

#include "c_api/c_handles.hpp"
#include "c_api/handles.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::c_api {
namespace {

using inference_exp::testing::CEmbeddings;
using inference_exp::testing::CModel;
using inference_exp::testing::CPredictions;
using inference_exp::testing::made_by;
using inference_exp::testing::Outcome;
using inference_exp::testing::outcome_of;
using inference_exp::testing::text_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What every model here says of itself.
template <typename Task>
class Made : public Task {
 public:
  [[nodiscard]] std::span<const std::string> class_names() const noexcept override { return names_; }
  [[nodiscard]] std::string_view architecture() const noexcept override { return "made"; }
  [[nodiscard]] std::string_view backend() const noexcept override { return "none"; }
  [[nodiscard]] Size input_size() const noexcept override { return {64, 32}; }
  [[nodiscard]] std::int32_t max_batch_size() const noexcept override { return 3; }
  [[nodiscard]] PreparedImages pre_process(std::span<const ImageView> /*images*/,
                                           const InferenceOptions& /*options*/) const override {
    return {};
  }
  [[nodiscard]] NetworkOutputs forward(const FloatTensor& /*pixels*/) const override { return {}; }

 private:
  std::vector<std::string> names_{"person"};
};

/// Sees one person with two key points in every image.
class MadePose : public Made<KeyPointDetectionModel> {
 public:
  using KeyPointDetectionModel::infer;
  [[nodiscard]] std::vector<KeyPoints> infer(std::span<const ImageView> images,
                                             const InferenceOptions& /*options*/) const override {
    const KeyPoints one{Detections({{1, 2, 3, 4}}, {0}, {0.5F}), 2, {{10, 20, 0.75F}, {30, 40, 0.25F}}};
    return {images.size(), one};
  }
  [[nodiscard]] std::vector<KeyPoints> post_process(const NetworkOutputs& /*outputs*/,
                                                    std::span<const PreprocessingMetadata> /*placements*/,
                                                    const InferenceOptions& /*options*/) const override {
    return {};
  }
  [[nodiscard]] std::span<const Skeleton> skeletons() const noexcept override { return skeletons_; }

 private:
  std::vector<Skeleton> skeletons_{{{"head", "foot"}, {{0, 1}}}};
};

/// The vector of an image is its size, that of a text its length and 0.
class MadeEmbedder : public Made<EmbeddingModel> {
 public:
  [[nodiscard]] Embeddings embed_images(std::span<const ImageView> images,
                                        const InferenceOptions& options) const override {
    std::vector<float> values;
    for (const ImageView& image : images) {
      values.insert(values.end(), {static_cast<float>(image.size.width), static_cast<float>(image.size.height)});
    }
    if (options.timings != nullptr) options.timings->run = 5;
    return {images.size(), 2, std::move(values)};
  }
  [[nodiscard]] Embeddings embed_text(std::span<const std::string> texts) const override {
    std::vector<float> values;
    for (const std::string& text : texts) values.insert(values.end(), {static_cast<float>(text.size()), 0});
    return {texts.size(), 2, std::move(values)};
  }
  [[nodiscard]] std::size_t dimension() const noexcept override { return 2; }
};

/// Does what it is told instead of looking.
class MadeDetector : public Made<ObjectDetectionModel> {
 public:
  explicit MadeDetector(std::function<void()> act) : act_(std::move(act)) {}
  using ObjectDetectionModel::infer;
  [[nodiscard]] std::vector<Detections> infer(std::span<const ImageView> images,
                                              const InferenceOptions& /*options*/) const override {
    act_();
    return std::vector<Detections>(images.size());
  }
  [[nodiscard]] std::vector<Detections> post_process(const NetworkOutputs& /*outputs*/,
                                                     std::span<const PreprocessingMetadata> /*placements*/,
                                                     const InferenceOptions& /*options*/) const override {
    return {};
  }

 private:
  std::function<void()> act_;
};

template <typename Model, typename... Arguments>
CModel handle_of(Arguments&&... arguments) {
  return CModel(model_handle(std::make_unique<Model>(std::forward<Arguments>(arguments)...)).release());
}

constexpr std::array<std::uint8_t, 64> kPixels{};

inference_exp_image picture(std::int32_t width = 4, std::int32_t height = 3) {
  return {sizeof(inference_exp_image), kPixels.data(), width, height, 0, INFERENCE_EXP_FORMAT_BGR, 0};
}

CPredictions infer(const CModel& model, std::span<const inference_exp_image> images) {
  return made_by<CPredictions>([&](auto** found, auto** error) {
    return inference_exp_infer(model.get(), images.data(), images.size(), nullptr, found, error);
  });
}

TEST(KeyPointsOfC, AreRowsOfSlots) {
  const CModel model = handle_of<MadePose>();
  const std::array images{picture(), picture()};
  const CPredictions found = infer(model, images);
  ASSERT_EQ(inference_exp_predictions_image_count(found.get()), 2U);
  EXPECT_EQ(inference_exp_predictions_count(found.get(), 1), 1U);
  EXPECT_EQ(inference_exp_predictions_key_point_slots(found.get(), 1), 2U);
  const inference_exp_key_point* points = inference_exp_predictions_key_points(found.get(), 1);
  ASSERT_NE(points, nullptr);
  EXPECT_EQ(points[0].x, 10);
  EXPECT_EQ(points[1].y, 40);
  EXPECT_EQ(points[1].confidence, 0.25F);
  EXPECT_EQ(inference_exp_predictions_xyxy(found.get(), 1)[3], 4);
  EXPECT_EQ(inference_exp_predictions_mask_format(found.get(), 1), INFERENCE_EXP_MASKS_NONE);
}

TEST(KeyPointsOfC, AreNamedInTheModelAndInJsonAlsoWithoutIt) {
  CModel model = handle_of<MadePose>();
  EXPECT_EQ(inference_exp_model_key_point_count(model.get(), 0), 2U);
  EXPECT_STREQ(inference_exp_model_key_point_name(model.get(), 0, 1), "foot");
  EXPECT_EQ(inference_exp_model_key_point_name(model.get(), 0, 2), nullptr);
  EXPECT_EQ(inference_exp_model_key_point_name(model.get(), 1, 0), nullptr);
  EXPECT_EQ(inference_exp_model_edge_count(model.get(), 0), 1U);
  std::int32_t from = 7;
  std::int32_t to = 7;
  EXPECT_EQ(inference_exp_model_edge(model.get(), 0, 1, &from, &to), 0);
  EXPECT_EQ(from, 7);
  EXPECT_EQ(inference_exp_model_edge(model.get(), 0, 0, &from, &to), 1);
  EXPECT_EQ(from, 0);
  EXPECT_EQ(to, 1);

  const std::array images{picture()};
  const CPredictions found = infer(model, images);
  model.reset();
  EXPECT_THAT(text_of([&](char** text, auto** error) {
                return inference_exp_predictions_to_json(found.get(), 0, text, error);
              }),
              HasSubstr(R"("name":"foot")"));
}

TEST(ModelsOfC, TellWhatTheyAre) {
  const CModel model = handle_of<MadePose>();
  EXPECT_STREQ(inference_exp_model_task(model.get()), "keypoint-detection");
  EXPECT_STREQ(inference_exp_model_architecture(model.get()), "made");
  EXPECT_STREQ(inference_exp_model_backend(model.get()), "none");
  EXPECT_EQ(inference_exp_model_input_width(model.get()), 64);
  EXPECT_EQ(inference_exp_model_input_height(model.get()), 32);
  EXPECT_EQ(inference_exp_model_max_batch_size(model.get()), 3);
  EXPECT_EQ(inference_exp_model_dimension(model.get()), 0U);
}

TEST(EmbeddingsOfC, OfImagesAndTextsAreVectorsOfOneLength) {
  const CModel model = handle_of<MadeEmbedder>();
  EXPECT_EQ(inference_exp_model_dimension(model.get()), 2U);
  const std::array images{picture(4, 3), picture(2, 5)};
  inference_exp_stage_timings timings{};
  inference_exp_inference_options options;
  inference_exp_inference_options_init(&options, sizeof options);
  options.timings = &timings;
  const auto of_images = made_by<CEmbeddings>([&](auto** made, auto** error) {
    return inference_exp_embed_images(model.get(), images.data(), images.size(), &options, made, error);
  });
  EXPECT_EQ(timings.run, 5);
  EXPECT_EQ(inference_exp_embeddings_count(of_images.get()), 2U);
  EXPECT_EQ(inference_exp_embeddings_dimension(of_images.get()), 2U);
  EXPECT_THAT(std::span(inference_exp_embeddings_values(of_images.get()), 4), ElementsAre(4, 3, 2, 5));

  const std::array<const char*, 1> words{"dog"};
  const auto of_texts = made_by<CEmbeddings>([&](auto** made, auto** error) {
    return inference_exp_embed_texts(model.get(), words.data(), words.size(), made, error);
  });
  std::array<float, 2> similar{};
  EXPECT_EQ(inference_exp_compare_embeddings(of_images.get(), of_texts.get(), similar.data(), 2, nullptr),
            INFERENCE_EXP_OK);
  EXPECT_FLOAT_EQ(similar[0], 0.8F);
  EXPECT_EQ(inference_exp_compare_embeddings(of_images.get(), of_texts.get(), similar.data(), 1, nullptr),
            INFERENCE_EXP_ERROR_INVALID_PARAMETER);
}

TEST(EmbeddingsOfC, ThatWereKeptElsewhereCanBeCompared) {
  const std::array<float, 6> values{1, 0, 0, 0, 1, 0};
  const auto kept = made_by<CEmbeddings>(
      [&](auto** made, auto** error) { return inference_exp_embeddings_create(2, 3, values.data(), made, error); });
  EXPECT_EQ(
      text_of([&](char** text, auto** error) { return inference_exp_embeddings_to_json(kept.get(), text, error); }),
      "[[1,0,0],[0,1,0]]");
  inference_exp_embeddings* none = nullptr;
  EXPECT_EQ(inference_exp_embeddings_create(SIZE_MAX, 3, values.data(), &none, nullptr),
            INFERENCE_EXP_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(inference_exp_embeddings_create(1, 3, nullptr, &none, nullptr), INFERENCE_EXP_ERROR_INVALID_PARAMETER);
  const auto shorter = made_by<CEmbeddings>(
      [&](auto** made, auto** error) { return inference_exp_embeddings_create(3, 2, values.data(), made, error); });
  std::array<float, 6> similar{};
  EXPECT_EQ(inference_exp_compare_embeddings(kept.get(), shorter.get(), similar.data(), 6, nullptr),
            INFERENCE_EXP_ERROR_INVALID_PARAMETER);
}

TEST(ModelsOfC, OfAnotherTaskAreRefusedWithTheRightFunction) {
  const inference_exp_image image = picture();
  const CModel embedder = handle_of<MadeEmbedder>();
  inference_exp_predictions* predictions = nullptr;
  const Outcome boxes = outcome_of([&](inference_exp_error** error) {
    return inference_exp_infer(embedder.get(), &image, 1, nullptr, &predictions, error);
  });
  EXPECT_EQ(boxes.status, INFERENCE_EXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(inference_exp_error_hint(boxes.error.get()), HasSubstr("inference_exp_embed_images"));

  const CModel pose = handle_of<MadePose>();
  inference_exp_embeddings* embeddings = nullptr;
  const Outcome vectors = outcome_of([&](inference_exp_error** error) {
    return inference_exp_embed_images(pose.get(), &image, 1, nullptr, &embeddings, error);
  });
  EXPECT_EQ(vectors.status, INFERENCE_EXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(vectors.message(), HasSubstr("keypoint-detection"));
}

TEST(ModelsOfC, ThatFailLetNothingOut) {
  const inference_exp_image image = picture();
  const auto status_when = [&](const std::function<void()>& act) {
    const CModel model = handle_of<MadeDetector>(act);
    inference_exp_predictions* predictions = nullptr;
    const inference_exp_status status = inference_exp_infer(model.get(), &image, 1, nullptr, &predictions, nullptr);
    EXPECT_EQ(predictions == nullptr, status != INFERENCE_EXP_OK);
    inference_exp_predictions_free(predictions);
    return status;
  };
  EXPECT_EQ(status_when([] {}), INFERENCE_EXP_OK);
  EXPECT_EQ(status_when([] { throw ModelRuntimeError("It broke."); }), INFERENCE_EXP_ERROR_MODEL_RUNTIME);
  EXPECT_EQ(status_when([] { throw std::bad_alloc(); }), INFERENCE_EXP_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(status_when([] { throw std::logic_error("It broke."); }), INFERENCE_EXP_ERROR_UNEXPECTED);
}

TEST(ResultsOfC, WithoutRowsAreResults) {
  const inference_exp_image image = picture();
  const CModel model = handle_of<MadeDetector>([] {});
  const CPredictions found = infer(model, std::span(&image, 1));
  EXPECT_EQ(inference_exp_predictions_image_count(found.get()), 1U);
  EXPECT_EQ(inference_exp_predictions_count(found.get(), 0), 0U);
  EXPECT_EQ(inference_exp_predictions_xyxy(found.get(), 0), nullptr);
  EXPECT_EQ(text_of([&](char** text, auto** error) {
              return inference_exp_predictions_to_json(found.get(), 0, text, error);
            }),
            "[]");
}

TEST(AccessorsOfC, SayNothingOfNull) {
  EXPECT_EQ(inference_exp_model_task(nullptr), nullptr);
  EXPECT_EQ(inference_exp_model_architecture(nullptr), nullptr);
  EXPECT_EQ(inference_exp_model_backend(nullptr), nullptr);
  EXPECT_EQ(inference_exp_model_class_count(nullptr), 0U);
  EXPECT_EQ(inference_exp_model_class_name(nullptr, 0), nullptr);
  EXPECT_EQ(inference_exp_model_input_width(nullptr), 0);
  EXPECT_EQ(inference_exp_model_input_height(nullptr), 0);
  EXPECT_EQ(inference_exp_model_max_batch_size(nullptr), 0);
  EXPECT_EQ(inference_exp_model_dimension(nullptr), 0U);
  EXPECT_EQ(inference_exp_model_key_point_count(nullptr, 0), 0U);
  EXPECT_EQ(inference_exp_model_edge_count(nullptr, 0), 0U);
  EXPECT_EQ(inference_exp_predictions_image_count(nullptr), 0U);
  EXPECT_EQ(inference_exp_predictions_count(nullptr, 0), 0U);
  EXPECT_EQ(inference_exp_predictions_xyxy(nullptr, 0), nullptr);
  EXPECT_EQ(inference_exp_predictions_class_id(nullptr, 0), nullptr);
  EXPECT_EQ(inference_exp_predictions_confidence(nullptr, 0), nullptr);
  EXPECT_EQ(inference_exp_predictions_class_name(nullptr, 0, 0), nullptr);
  EXPECT_EQ(inference_exp_predictions_mask_width(nullptr, 0), 0);
  EXPECT_EQ(inference_exp_predictions_mask_height(nullptr, 0), 0);
  EXPECT_EQ(inference_exp_predictions_masks(nullptr, 0), nullptr);
  EXPECT_EQ(inference_exp_predictions_key_point_slots(nullptr, 0), 0U);
  EXPECT_EQ(inference_exp_embeddings_count(nullptr), 0U);
  EXPECT_EQ(inference_exp_embeddings_dimension(nullptr), 0U);
  EXPECT_EQ(inference_exp_embeddings_values(nullptr), nullptr);
  EXPECT_EQ(inference_exp_error_status(nullptr), INFERENCE_EXP_OK);
  EXPECT_STREQ(inference_exp_error_message(nullptr), "");
}

}  // namespace
}  // namespace inference_exp::c_api
