// One model, many threads: the same answers as from one thread.
#include <gtest/gtest.h>

#include <atomic>
#include <opencv2/imgcodecs.hpp>
#include <thread>
#include <vector>

#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"
#include "support/shared_data.hpp"

namespace inference_exp {
namespace {

/// `threads` x `predicts` calls over a few pictures in turn, each compared with the serial answer.
void expect_parallel_equals_serial(const ObjectDetectionModel& model, const std::vector<cv::Mat>& pictures, int threads,
                                   int predicts) {
  std::vector<Detections> serial;
  for (const cv::Mat& picture : pictures) serial.push_back(model.infer(view(picture)));

  std::atomic<int> differing = 0;
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (int i = 0; i < predicts; ++i) {
        const auto k = static_cast<std::size_t>(t + i) % pictures.size();
        if (!(model.infer(view(pictures[k])) == serial[k])) ++differing;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(differing, 0);
}

TEST(Concurrency, EightThreadsOfTwoHundredPredictsEqualSerialOnTheEmbeddedDetector) {
  const auto model =
      AutoModel::from_pretrained<ObjectDetectionModel>(testing::asset("models/shapes-detector").string());
  std::vector<cv::Mat> pictures;
  for (const auto& entry : std::filesystem::directory_iterator(testing::asset("images"))) {
    pictures.push_back(cv::imread(entry.path().string()));
  }
  ASSERT_GE(pictures.size(), 2U);
  expect_parallel_equals_serial(*model, pictures, 8, 200);
}

TEST(Concurrency, TwoThreadsOfFivePredictsEqualSerialOnYolov8n) {
  REQUIRE_SHARED(file, "models/yolov8n-deq-fp32-dyn.onnx");
  REQUIRE_SHARED(bus, "images/bus.jpg");
  REQUIRE_SHARED(zidane, "images/zidane.jpg");
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(file.string());
  expect_parallel_equals_serial(*model, {cv::imread(bus.string()), cv::imread(zidane.string())}, 2, 5);
}

}  // namespace
}  // namespace inference_exp
