// The onnx plug-in on a trained network.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <thread>
#include <vector>

#include "runtime/backend_registry.hpp"
#include "runtime/batch_runner.hpp"
#include "support/golden.hpp"

namespace inference_exp::runtime {
namespace {

constexpr Size kSize{.width = 640, .height = 640};

/// Image `index` of an endless album of noise.
void fill_noise(std::size_t index, std::span<float> slot) {
  testing::Lcg random(static_cast<std::uint32_t>(index) + 1);
  for (float& value : slot) value = random.uniform();
}

/// All outputs of images first...first + count, one after the other.
std::vector<float> outputs_of(const BatchRunner& runner, std::size_t first, std::size_t count) {
  std::vector<float> all;
  runner.run(
      count, kSize, [&](std::size_t index, std::span<float> slot) { fill_noise(first + index, slot); },
      [&](std::size_t, std::span<const TensorView> outputs) {
        for (const TensorView& output : outputs) {
          const std::span<const float> values = output.floats();
          all.insert(all.end(), values.begin(), values.end());
        }
      });
  return all;
}

std::vector<float> one_by_one(const BatchRunner& runner, std::size_t count) {
  std::vector<float> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<float> image = outputs_of(runner, i, 1);
    all.insert(all.end(), image.begin(), image.end());
  }
  return all;
}

/// 1e-5 of a value's size: boxes are in pixels, scores between 0 and 1.
void expect_near(const std::vector<float>& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], 1e-5 * std::max(1.0F, std::abs(expected[i]))) << "at " << i;
  }
}

TEST(OnnxNetwork, ABatchEqualsItsImagesOneByOne) {
  REQUIRE_SHARED(file, "models/yolov8n-deq-fp32-dyn.onnx");
  const auto session = open_session("onnx", file, {}, {});
  EXPECT_EQ(session->metadata().at("task"), "detect");
  const BatchRunner runner(session, {.min = 1, .max = 8});
  const std::vector<float> expected = one_by_one(runner, 8);
  const std::size_t image = expected.size() / 8;
  for (const std::size_t count : {1U, 3U, 8U}) {
    expect_near(outputs_of(runner, 0, count),
                {expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(count * image)});
  }
}

TEST(OnnxNetwork, SplittingAndPaddingChangeNothing) {
  REQUIRE_SHARED(file, "models/yolov8n-deq-fp32-dyn.onnx");
  const auto session = open_session("onnx", file, {}, {});
  const BatchRunner plain(session, {.min = 1, .max = 5});
  const BatchRunner padded(session, {.min = 3, .max = 3});
  expect_near(outputs_of(padded, 0, 5), outputs_of(plain, 0, 5));
}

TEST(OnnxNetwork, EightThreadsSeeTheirOwnResults) {
  REQUIRE_SHARED(file, "models/yolov8n-deq-fp32-dyn.onnx");
  const auto session = open_session("onnx", file, {.intra_op_threads = 1}, {});
  const BatchRunner runner(session, {.min = 1, .max = 1});
  constexpr std::size_t kThreads = 8;
  std::vector<std::vector<float>> expected;
  for (std::size_t i = 0; i < kThreads; ++i) expected.push_back(outputs_of(runner, i, 1));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { EXPECT_EQ(outputs_of(runner, i, 1), expected[i]); });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace inference_exp::runtime
