// CLIP and Perception Encoder at full size, photos and texts to vectors through the front door, with weights by recipe
// and the vectors that the Python original gave for them.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "integration/torch_packages.hpp"

namespace inference_exp {
namespace {

using nlohmann::json;
using testing::golden_floats;
using testing::golden_photo;

struct GoldenModel {
  std::string name;
  std::string architecture;
  double tolerance;
};

constexpr std::array<const char*, 4> kPhotos{"bus", "crop", "tiny", "tall"};

double largest_difference(std::span<const float> seen, std::span<const float> wanted) {
  if (seen.size() != wanted.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const double difference = std::abs(double{seen[i]} - double{wanted[i]});
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, difference);
  }
  return largest;
}

double dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0, std::plus{},
                            [](float x, float y) { return double{x} * double{y}; });
}

Embeddings embed_photos(const EmbeddingModel& model) {
  std::vector<cv::Mat> photos;
  std::vector<ImageView> views;
  photos.reserve(kPhotos.size());
  views.reserve(kPhotos.size());
  for (const char* name : kPhotos) views.push_back(view(photos.emplace_back(golden_photo(name))));
  return model.embed_images(views);
}

/// Cosines in double precision, entry by entry.
void expect_cosines(const Embeddings& images, const Embeddings& texts) {
  const std::vector<float> seen = compare_embeddings(images, texts);
  ASSERT_EQ(seen.size(), images.count() * texts.count());
  for (std::size_t i = 0; i < images.count(); ++i) {
    for (std::size_t k = 0; k < texts.count(); ++k) {
      const double lengths = std::sqrt(dot(images[i], images[i])) * std::sqrt(dot(texts[k], texts[k]));
      EXPECT_NEAR(seen[i * texts.count() + k], dot(images[i], texts[k]) / lengths, 1e-6);
    }
  }
}

class TorchEmbedding : public ::testing::TestWithParam<GoldenModel> {};

TEST_P(TorchEmbedding, PhotosAndTextsGiveTheOriginalsVectors) {
  const auto& [name, architecture, tolerance] = GetParam();
  REQUIRE_SHARED(golden, "golden/" + name);
  REQUIRE_SHARED(end_to_end, "golden/e2e/" + name + ".safetensors");
  REQUIRE_SHARED(photos, "golden/preproc");
  REQUIRE_SHARED(vocabulary, "models/bpe_simple_vocab_16e6.txt.gz");
  const json manifest = testing::load_json(golden / "manifest.json");
  const testing::TemporaryFolder folder;
  testing::write_recipe_checkpoint(manifest, folder / "recipe.safetensors");
  testing::write_embedding_package(folder / "package", folder / "recipe.safetensors", architecture);
  const auto model =
      AutoModel::from_pretrained<EmbeddingModel>((folder / "package").string(), testing::torch_on_cpu(folder / "home"));
  EXPECT_EQ(model->backend(), "torch");
  EXPECT_EQ(model->input_size(), (Size{224, 224}));

  const Embeddings images = embed_photos(*model);
  ASSERT_EQ(images.count(), kPhotos.size());
  for (std::size_t i = 0; i < kPhotos.size(); ++i) {
    const std::string photo = kPhotos[i];
    EXPECT_LE(largest_difference(images[i], golden_floats(end_to_end, photo + ".image_embedding")), tolerance) << photo;
  }
  const std::vector<std::string> texts = manifest.at("cases").at(0).at("texts");
  ASSERT_FALSE(texts.empty());
  const Embeddings text_vectors = model->embed_text(texts);
  EXPECT_LE(
      largest_difference(text_vectors.values(), golden_floats(golden / "expected.safetensors", "a.text_embedding")),
      tolerance);
  expect_cosines(images, text_vectors);
}

INSTANTIATE_TEST_SUITE_P(FullSize, TorchEmbedding,
                         ::testing::Values(GoldenModel{"clip-vit-b-32", "clip", 2e-5},
                                           GoldenModel{"clip-rn50", "clip", 2e-5},
                                           GoldenModel{"pe-core-b16-224", "perception-encoder", 1e-6}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace inference_exp
