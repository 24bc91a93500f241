#include "runtime/batch_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "inference_exp/errors.hpp"
#include "runtime/tensor_cast.hpp"
#include "support/allocation_counter.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Size kSize{.width = 2, .height = 2};
constexpr std::size_t kSlot = 12;  // 3 planes of 2 x 2

/// What a fake network saw and how it is to behave.
struct Network {
  DType input_dtype = DType::f32;
  Shape input_shape{-1, 3, 2, 2};
  DType output_dtype = DType::f32;
  bool keep_seen = true;
  std::atomic<bool> fail{false};
  std::atomic<int> requests{0};
  std::int64_t output_rows = -1;  ///< -1: the batch

  std::mutex mutex;
  std::vector<std::vector<float>> seen;  ///< each run's whole input as floats

  void remember(std::vector<float> input) {
    const std::scoped_lock lock(mutex);
    seen.push_back(std::move(input));
  }
};

/// Two outputs: the sum of an image [B, 1], always float32, and its first two elements [B, 2] as output_dtype.
class FakeRequest final : public InferenceRequest {
 public:
  explicit FakeRequest(Network& network) : network_(network) { ++network.requests; }
  ~FakeRequest() override { --network_.requests; }

  void set_input(std::size_t, const TensorView& tensor) override { input_ = tensor; }
  void set_output(std::size_t, const TensorView&) override {}

  void run() override {
    if (network_.fail) throw ModelRuntimeError("The fake network fails.");
    const auto batch = static_cast<std::size_t>(input_.shape[0]);
    const std::size_t slot = input_.shape.element_count() / batch;
    floats_.resize(batch * slot);
    cast_to_float(input_.data, input_.dtype, floats_);
    sums_.resize(batch);
    heads_.resize(batch * 2 * 8);
    head_floats_.resize(batch * 2);
    for (std::size_t i = 0; i < batch; ++i) {
      const auto image = floats_.begin() + static_cast<std::ptrdiff_t>(i * slot);
      sums_[i] = std::accumulate(image, image + static_cast<std::ptrdiff_t>(slot), 0.0F);
      std::copy_n(image, 2, head_floats_.begin() + static_cast<std::ptrdiff_t>(2 * i));
    }
    if (network_.output_dtype == DType::i64) {
      std::ranges::copy(head_floats_, reinterpret_cast<std::int64_t*>(heads_.data()));
    } else {
      cast_from_float(head_floats_, network_.output_dtype, heads_.data());
    }
    if (network_.keep_seen) network_.remember(floats_);
  }

  [[nodiscard]] TensorView output(std::size_t index) const override {
    const std::int64_t rows = network_.output_rows >= 0 ? network_.output_rows : input_.shape[0];
    if (index == 0) return {.data = const_cast<float*>(sums_.data()), .dtype = DType::f32, .shape = {rows, 1}};
    return {.data = const_cast<std::byte*>(heads_.data()), .dtype = network_.output_dtype, .shape = {rows, 2}};
  }

 private:
  Network& network_;
  TensorView input_;
  std::vector<float> floats_;
  std::vector<float> sums_;
  std::vector<float> head_floats_;
  std::vector<std::byte> heads_;
};

class FakeSession final : public Session {
 public:
  explicit FakeSession(Network& network)
      : network_(network),
        inputs_{{.name = "images", .dtype = network.input_dtype, .shape = network.input_shape}},
        outputs_{{.name = "sum", .dtype = DType::f32, .shape = {-1, 1}},
                 {.name = "head", .dtype = network.output_dtype, .shape = {-1, 2}}} {}
  [[nodiscard]] std::span<const TensorSpec> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const TensorSpec> outputs() const noexcept override { return outputs_; }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const noexcept override {
    return metadata_;
  }
  [[nodiscard]] std::string_view backend() const noexcept override { return "fake"; }
  [[nodiscard]] std::unique_ptr<InferenceRequest> create_request() const override {
    return std::make_unique<FakeRequest>(network_);
  }

 private:
  Network& network_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

BatchRunner make_runner(Network& network, BatchLimits limits) {
  return BatchRunner(std::make_shared<FakeSession>(network), limits);
}

/// Fills image i with i + 1 and returns the sums that came back.
std::vector<float> sums_of(const BatchRunner& runner, std::size_t images, Size size = kSize) {
  std::vector<float> sums(images, -1);
  runner.run(
      images, size,
      [](std::size_t index, std::span<float> slot) { std::ranges::fill(slot, static_cast<float>(index + 1)); },
      [&](std::size_t index, std::span<const TensorView> outputs) { sums[index] = outputs[0].floats()[0]; });
  return sums;
}

std::vector<std::size_t> batches_of(const Network& network, std::size_t slot = kSlot) {
  std::vector<std::size_t> batches;
  for (const auto& input : network.seen) batches.push_back(input.size() / slot);
  return batches;
}

TEST(BatchRunner, RunsAllImagesInOneBatchWhenTheyFit) {
  Network network;
  const BatchRunner runner = make_runner(network, {.min = 1, .max = 8});
  EXPECT_THAT(sums_of(runner, 3), ElementsAre(12, 24, 36));
  EXPECT_THAT(batches_of(network), ElementsAre(3));
}

TEST(BatchRunner, SplitsOverTheLargestBatch) {
  Network network;
  const BatchRunner runner = make_runner(network, {.min = 1, .max = 2});
  EXPECT_THAT(sums_of(runner, 5), ElementsAre(12, 24, 36, 48, 60));
  EXPECT_THAT(batches_of(network), ElementsAre(2, 2, 1));
}

TEST(BatchRunner, PadsToTheSmallestBatchWithZeroImages) {
  Network network;
  const BatchRunner runner = make_runner(network, {.min = 4, .max = 4});
  EXPECT_THAT(sums_of(runner, 5), ElementsAre(12, 24, 36, 48, 60));
  ASSERT_THAT(batches_of(network), ElementsAre(4, 4));
  const std::vector<float>& padded = network.seen[1];
  EXPECT_TRUE(std::all_of(padded.begin() + kSlot, padded.end(), [](float value) { return value == 0; }))
      << "images of the first batch are left in the padding";
}

TEST(BatchRunner, PaddingIsZeroWhateverRanBefore) {
  for (const DType dtype : {DType::f32, DType::f16, DType::f64}) {
    Network network;
    network.input_dtype = dtype;
    network.input_shape = {-1, 3, -1, -1};
    const BatchRunner runner = make_runner(network, {.min = 3, .max = 5});
    const std::array<std::size_t, 7> counts{5, 1, 3, 2, 1, 4, 1};
    for (const std::size_t count : counts) {
      for (const Size size :
           {Size{.width = 2, .height = 2}, Size{.width = 3, .height = 1}, Size{.width = 4, .height = 4}}) {
        network.seen.clear();
        (void)sums_of(runner, count, size);
        const std::size_t slot = 3 * static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
        const std::vector<float>& input = network.seen.at(0);
        ASSERT_EQ(input.size(), std::max<std::size_t>(count, 3) * slot);
        for (std::size_t i = count * slot; i < input.size(); ++i)
          ASSERT_EQ(input[i], 0) << count << " images, at " << i;
      }
    }
  }
}

TEST(BatchRunner, CastsToTheNetworksInputType) {
  for (const DType dtype : {DType::f16, DType::f64}) {
    Network network;
    network.input_dtype = dtype;
    const BatchRunner runner = make_runner(network, {.min = 1, .max = 4});
    EXPECT_THAT(sums_of(runner, 2), ElementsAre(12, 24)) << dtype_name(dtype);
  }
}

TEST(BatchRunner, HandsOutputsOverAsFloats) {
  for (const DType dtype : {DType::f16, DType::f64, DType::i64}) {
    Network network;
    network.output_dtype = dtype;
    const BatchRunner runner = make_runner(network, {.min = 1, .max = 4});
    std::vector<float> heads;
    runner.run(
        3, kSize, [](std::size_t index, std::span<float> slot) { std::ranges::fill(slot, static_cast<float>(index)); },
        [&](std::size_t, std::span<const TensorView> outputs) {
          ASSERT_EQ(outputs.size(), 2U);
          EXPECT_EQ(outputs[1].shape, Shape{2});
          heads.insert(heads.end(), outputs[1].floats().begin(), outputs[1].floats().end());
        });
    EXPECT_THAT(heads, ElementsAre(0, 0, 1, 1, 2, 2)) << dtype_name(dtype);
  }
}

TEST(BatchRunner, NoImagesRunNothing) {
  Network network;
  const BatchRunner runner = make_runner(network, {.min = 2, .max = 2});
  EXPECT_TRUE(sums_of(runner, 0).empty());
  EXPECT_TRUE(network.seen.empty());
}

TEST(BatchRunner, AddsUpTimings) {
  Network network;
  const BatchRunner runner = make_runner(network, {.min = 1, .max = 1});
  BatchTimings timings{.fill = 100, .run = 100, .consume = 100};
  runner.run(
      2, kSize, [](std::size_t, std::span<float>) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); },
      [](std::size_t, std::span<const TensorView>) {}, {.timings = &timings});
  EXPECT_GE(timings.fill, 100.01);
  EXPECT_GT(timings.run, 100);
  EXPECT_GT(timings.consume, 100);
}

TEST(BatchRunner, StaysUsableWhenACallbackThrows) {
  Network network;
  const BatchRunner runner = make_runner(network, {.min = 2, .max = 2});
  const auto nothing = [](std::size_t, std::span<const TensorView>) {};
  EXPECT_THROW(runner.run(
                   1, kSize, [](std::size_t, std::span<float>) { throw std::logic_error("fill"); }, nothing),
               std::logic_error);
  EXPECT_THROW(runner.run(
                   1, kSize, [](std::size_t, std::span<float> slot) { std::ranges::fill(slot, 7.0F); },
                   [](std::size_t, std::span<const TensorView>) { throw std::logic_error("consume"); }),
               std::logic_error);
  EXPECT_EQ(network.requests, 0) << "the workspace of a failed call is discarded";
  EXPECT_THAT(sums_of(runner, 1), ElementsAre(12));
}

TEST(BatchRunner, StaysUsableWhenTheNetworkFails) {
  Network network;
  const BatchRunner runner = make_runner(network, {.min = 1, .max = 2});
  network.fail = true;
  EXPECT_THROW((void)sums_of(runner, 1), ModelRuntimeError);
  network.fail = false;
  EXPECT_THAT(sums_of(runner, 1), ElementsAre(12));
}

TEST(BatchRunner, RefusesOutputsWithoutABatchAxis) {
  Network network;
  network.output_rows = 3;
  const BatchRunner runner = make_runner(network, {.min = 1, .max = 2});
  try {
    (void)sums_of(runner, 2);
    FAIL() << "nothing was thrown";
  } catch (const ModelRuntimeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"sum\""));
    EXPECT_THAT(error.what(), HasSubstr("[3, 1]"));
  }
}

TEST(BatchRunner, RefusesNetworksThatTakeNoImages) {
  const auto refuses = [](Shape shape, DType dtype) {
    Network network;
    network.input_shape = shape;
    network.input_dtype = dtype;
    EXPECT_THROW((void)make_runner(network, {.min = 1, .max = 1}), CorruptedModelPackageError) << shape.to_string();
  };
  refuses({-1, 3, 2}, DType::f32);
  refuses({-1, 1, 2, 2}, DType::f32);
  refuses({-1, 3, 2, 2}, DType::u8);
  refuses({-1, 3, 2, 2}, DType::i64);
}

TEST(BatchRunner, RefusesImpossibleArguments) {
  Network network;
  EXPECT_THROW((void)make_runner(network, {.min = 0, .max = 1}), InvalidParameterError);
  EXPECT_THROW((void)make_runner(network, {.min = 2, .max = 1}), InvalidParameterError);
  const BatchRunner runner = make_runner(network, {.min = 1, .max = 1});
  EXPECT_THROW((void)sums_of(runner, 1, {.width = 0, .height = 2}), InvalidParameterError);
}

TEST(BatchRunner, SteadyStateTakesNothingFromTheHeap) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns the heap";
  for (const DType dtype : {DType::f32, DType::f16}) {
    Network network;
    network.input_dtype = dtype;
    network.output_dtype = dtype;
    network.keep_seen = false;
    const BatchRunner runner = make_runner(network, {.min = 2, .max = 2});
    float sum = 0;
    const auto call = [&] {
      runner.run(
          3, kSize, [](std::size_t, std::span<float> slot) { std::ranges::fill(slot, 1.0F); },
          [&](std::size_t, std::span<const TensorView> outputs) { sum += outputs[0].floats()[0]; });
    };
    call();
    const std::size_t before = testing::allocations();
    for (int i = 0; i < 10; ++i) call();
    EXPECT_EQ(testing::allocations() - before, 0U) << dtype_name(dtype);
    EXPECT_EQ(sum, 11 * 3 * 12);
  }
}

TEST(BatchRunner, ServesManyThreadsAtOnce) {
  Network network;
  network.keep_seen = false;
  const BatchRunner runner = make_runner(network, {.min = 2, .max = 4});
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&runner, thread] {
      for (int round = 0; round < 50; ++round) {
        const auto value = static_cast<float>(thread + 1);
        runner.run(
            1 + thread, kSize, [&](std::size_t, std::span<float> slot) { std::ranges::fill(slot, value); },
            [&](std::size_t, std::span<const TensorView> outputs) { EXPECT_EQ(outputs[0].floats()[0], 12 * value); });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(network.requests, 8) << "one workspace for each call at a time";
}

}  // namespace
}  // namespace inference_exp::runtime
