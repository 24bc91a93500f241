// One Torch model, many threads: the same answers as from one thread.
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "integration/torch_packages.hpp"

namespace inference_exp {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kPredicts = 50;

/// `answer` of a photo, asked for from all threads, is what it is when asked for alone.
template <typename Answer>
void expect_parallel_equals_serial(Answer answer) {
  std::vector<cv::Mat> photos;
  photos.reserve(4);
  for (const char* name : {"bus", "crop", "tiny", "tall"}) photos.push_back(testing::golden_photo(name));
  std::vector<decltype(answer(photos.front()))> serial;
  serial.reserve(photos.size());
  for (const cv::Mat& photo : photos) serial.push_back(answer(photo));
  ASSERT_FALSE(serial[0] == serial[1]) << "photos that all look the same would show nothing";

  std::array<int, kThreads> differing{};
  std::vector<std::thread> workers;
  for (std::size_t t = 0; t < kThreads; ++t) {
    workers.emplace_back([&, t] {
      for (std::size_t i = 0; i < kPredicts; ++i) {
        const std::size_t k = (t + i) % photos.size();
        if (!(answer(photos[k]) == serial[k])) ++differing[t];
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(differing, (std::array<int, kThreads>{}));
}

TEST(TorchConcurrency, FourThreadsOfFiftyPredictsEqualSerialOnATinyRfdetr) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/rfdetr_tiny_stripped.pth");
  REQUIRE_SHARED(photos, "golden/preproc");
  const testing::TemporaryFolder home;
  const auto model =
      AutoModel::from_pretrained<ObjectDetectionModel>(file.string(), testing::torch_on_cpu(home.path()));
  InferenceOptions options;
  options.confidence = 0.01;
  expect_parallel_equals_serial([&](const cv::Mat& photo) { return model->infer(view(photo), options); });
}

TEST(TorchConcurrency, FourThreadsOfFiftyPredictsEqualSerialOnATinyClip) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/clip_tiny_vit_torchscript.pt");
  REQUIRE_SHARED(photos, "golden/preproc");
  const testing::TemporaryFolder folder;
  testing::write_embedding_package(folder / "package", file, "clip");
  const auto model =
      AutoModel::from_pretrained<EmbeddingModel>((folder / "package").string(), testing::torch_on_cpu(folder / "home"));
  expect_parallel_equals_serial([&](const cv::Mat& photo) { return model->embed_image(view(photo)); });
}

}  // namespace
}  // namespace inference_exp
