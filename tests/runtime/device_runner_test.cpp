#include "runtime/device_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "inference_exp/errors.hpp"
#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr Size kSize{.width = 2, .height = 2};
constexpr std::size_t kSlot = 12;  // 3 planes of 2 x 2

cuda::DevicePointer address_of(void* data) { return reinterpret_cast<cuda::DevicePointer>(data); }

/// How a fake network is to behave.
struct Network {
  std::optional<int> device = 0;
  DType input_dtype = DType::f32;
  bool loses_batch_axis = false;
  std::atomic<bool> fail{false};
  std::atomic<int> requests{0};
};

/// One output [B, 2]: the sum of an image, and its first element, computed when the stream gets there.
class FakeRequest final : public InferenceRequest, public DeviceRequest {
 public:
  explicit FakeRequest(Network& network)
      : network_(network), context_(cuda::Context::of_device(0)), stream_(context_), output_(context_) {
    ++network.requests;
  }
  ~FakeRequest() override { --network_.requests; }

  void set_input(std::size_t, const TensorView&) override {}
  void set_output(std::size_t, const TensorView&) override {}
  void run() override {}
  [[nodiscard]] TensorView output(std::size_t) const override { return {}; }
  [[nodiscard]] DeviceRequest* on_device() noexcept override { return this; }

  [[nodiscard]] void* stream() const override { return stream_.handle(); }
  void set_device_input(std::size_t, const DeviceTensorView& tensor) override { input_ = tensor; }
  void enqueue() override {
    if (network_.fail) throw ModelRuntimeError("The fake network fails.");
    const auto batch = static_cast<std::size_t>(input_.shape[0]);
    output_.reserve(batch * 2 * sizeof(float));
    const int code = test::use_stand_in_driver().enqueue(stream_.handle(), [batch, from = address_of(input_.data),
                                                                            to = output_.address()] {
      auto& driver = test::use_stand_in_driver();
      const auto* pixels = reinterpret_cast<const float*>(driver.device_memory(from, batch * kSlot * sizeof(float)));
      auto* results = reinterpret_cast<float*>(driver.device_memory(to, batch * 2 * sizeof(float)));
      if (pixels == nullptr || results == nullptr) return cuda::kInvalidValue;
      for (std::size_t i = 0; i < batch; ++i) {
        results[2 * i] = std::accumulate(pixels + i * kSlot, pixels + (i + 1) * kSlot, 0.0F);
        results[2 * i + 1] = pixels[i * kSlot];
      }
      return cuda::kSuccess;
    });
    cuda::check(code, "enqueue");
  }
  [[nodiscard]] DeviceTensorView device_output(std::size_t) const override {
    const std::int64_t batch = network_.loses_batch_axis ? 1 : input_.shape[0];
    return {.data = output_.data(), .dtype = DType::f32, .shape = {batch, 2}};
  }

 private:
  Network& network_;
  const cuda::Context& context_;
  cuda::Stream stream_;
  cuda::DeviceBuffer output_;
  DeviceTensorView input_;
};

class FakeSession final : public Session {
 public:
  explicit FakeSession(Network& network)
      : network_(network), inputs_{{{.name = "images", .dtype = network.input_dtype, .shape = {-1, 3, 2, 2}}}} {}
  [[nodiscard]] std::span<const TensorSpec> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const TensorSpec> outputs() const noexcept override { return outputs_; }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const noexcept override {
    return metadata_;
  }
  [[nodiscard]] std::string_view backend() const noexcept override { return "fake"; }
  [[nodiscard]] std::unique_ptr<InferenceRequest> create_request() const override {
    return std::make_unique<FakeRequest>(network_);
  }
  [[nodiscard]] std::optional<int> cuda_device() const noexcept override { return network_.device; }

 private:
  Network& network_;
  std::array<TensorSpec, 1> inputs_;
  std::array<TensorSpec, 1> outputs_{{{.name = "sum", .dtype = DType::f32, .shape = {-1, 2}}}};
  std::map<std::string, std::string, std::less<>> metadata_;
};

/// The host's half of a call: image i is filled with the number i + 1, and its two results come back in `answers`.
class Caller {
 public:
  explicit Caller(const DeviceRunner& runner)
      : runner_(runner), staging_(runner.context()), results_(runner.context()) {}

  void run(std::size_t images) {
    const cuda::ContextScope current(runner_.context());
    answers.assign(images, {});
    staging_.reserve(images * kSlot * sizeof(float));
    results_.reserve(images * 2 * sizeof(float));
    runner_.run(
        images, kSize,
        [&](const DeviceSlot& slot, cuda::DevicePointer chw, DType) {
          auto* pixels = reinterpret_cast<float*>(staging_.data()) + slot.image * kSlot;
          std::fill_n(pixels, kSlot, static_cast<float>(slot.image + 1));
          cuda::copy_to_device(chw, pixels, kSlot * sizeof(float), slot.stream);
        },
        [&](const DeviceSlot& slot, std::span<const DeviceTensorView> outputs) {
          EXPECT_EQ(outputs.front().shape, (Shape{2}));
          cuda::copy_to_host(results_.data() + slot.image * 2 * sizeof(float), address_of(outputs.front().data),
                             2 * sizeof(float), slot.stream);
        },
        [&](const DeviceSlot& slot) {
          if (fail_at == slot.image) throw std::logic_error("the caller fails");
          std::memcpy(answers[slot.image].data(), results_.data() + slot.image * 2 * sizeof(float), 2 * sizeof(float));
        },
        {.timings = &timings});
  }

  std::vector<std::array<float, 2>> answers;
  BatchTimings timings;
  std::optional<std::size_t> fail_at;

 private:
  const DeviceRunner& runner_;
  cuda::PinnedBuffer staging_;
  cuda::PinnedBuffer results_;
};

std::vector<std::array<float, 2>> expected_answers(std::size_t images) {
  std::vector<std::array<float, 2>> answers;
  for (std::size_t i = 1; i <= images; ++i) answers.push_back({static_cast<float>(12 * i), static_cast<float>(i)});
  return answers;
}

class DeviceRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    driver_.reset();
    live_ = driver_.live_objects();
  }
  void TearDown() override {
    driver_.reset();
    EXPECT_EQ(driver_.live_objects(), live_) << "something was not freed";
  }
  [[nodiscard]] std::shared_ptr<const Session> session() { return std::make_shared<FakeSession>(network_); }

  test::StandInDriver& driver_ = test::use_stand_in_driver();
  Network network_;

 private:
  int live_ = 0;
};

TEST_F(DeviceRunnerTest, ServesSessionsOnADeviceWithOneFloatInput) {
  EXPECT_TRUE(DeviceRunner::serves(*session()));
  network_.input_dtype = DType::f16;
  EXPECT_TRUE(DeviceRunner::serves(*session()));
  network_.input_dtype = DType::u8;
  EXPECT_FALSE(DeviceRunner::serves(*session()));
  network_.input_dtype = DType::f32;
  network_.device.reset();
  EXPECT_FALSE(DeviceRunner::serves(*session()));
}

TEST_F(DeviceRunnerTest, SplitsAndPadsAsTheBatchRunnerDoes) {
  for (const BatchLimits limits : {BatchLimits{1, 1}, BatchLimits{1, 8}, BatchLimits{4, 4}, BatchLimits{2, 3}}) {
    const DeviceRunner runner(session(), limits);
    Caller caller(runner);
    for (const std::size_t images : {1U, 2U, 5U, 9U}) {
      caller.run(images);
      EXPECT_THAT(caller.answers, ElementsAreArray(expected_answers(images))) << limits.min << " " << limits.max;
    }
  }
}

TEST_F(DeviceRunnerTest, WaitsOncePerBatchAndOnlyForItsStream) {
  const DeviceRunner runner(session(), {1, 4});
  Caller caller(runner);
  caller.run(8);
  EXPECT_EQ(driver_.calls("cuStreamSynchronize"), 2);
  EXPECT_EQ(driver_.calls("cuCtxSynchronize"), 0);
}

TEST_F(DeviceRunnerTest, AfterWarmUpAllocatesNothingOnTheDevice) {
  const DeviceRunner runner(session(), {1, 4});
  Caller caller(runner);
  caller.run(4);
  const int allocations = driver_.calls("cuMemAlloc_v2") + driver_.calls("cuMemHostAlloc");
  for (int i = 0; i < 3; ++i) caller.run(4);
  EXPECT_EQ(driver_.calls("cuMemAlloc_v2") + driver_.calls("cuMemHostAlloc"), allocations);
}

TEST_F(DeviceRunnerTest, TellsHowLongTheStagesTook) {
  const DeviceRunner runner(session(), {1, 4});
  Caller caller(runner);
  caller.timings = {.fill = 100, .run = 100, .consume = 100};
  caller.run(3);
  EXPECT_GT(caller.timings.fill, 100);
  EXPECT_GT(caller.timings.run, 100);
  EXPECT_GT(caller.timings.consume, 100);
}

TEST_F(DeviceRunnerTest, StaysUsableWhenTheNetworkFails) {
  const DeviceRunner runner(session(), {1, 4});
  Caller caller(runner);
  network_.fail = true;
  EXPECT_THAT([&] { caller.run(2); }, ThrowsMessage<ModelRuntimeError>(HasSubstr("The fake network fails.")));
  network_.fail = false;
  caller.run(2);
  EXPECT_THAT(caller.answers, ElementsAreArray(expected_answers(2)));
}

TEST_F(DeviceRunnerTest, StaysUsableWhenTheCallerFails) {
  const DeviceRunner runner(session(), {1, 2});
  Caller caller(runner);
  caller.fail_at = 1;
  EXPECT_THROW(caller.run(4), std::logic_error);
  EXPECT_EQ(network_.requests, 0) << "the workspace was kept though it may be damaged";
  caller.fail_at.reset();
  caller.run(4);
  EXPECT_THAT(caller.answers, ElementsAreArray(expected_answers(4)));
}

TEST_F(DeviceRunnerTest, TooLittleDeviceMemoryIsAnErrorOfItsOwn) {
  const DeviceRunner runner(session(), {1, 4});
  Caller caller(runner);
  caller.run(1);
  driver_.limit_memory(driver_.memory_in_use() + 16);
  EXPECT_THROW(caller.run(4), OutOfDeviceMemoryError);
  driver_.limit_memory(0);
  caller.run(4);
  EXPECT_THAT(caller.answers, ElementsAreArray(expected_answers(4)));
}

TEST_F(DeviceRunnerTest, AnErrorOfTheDeviceNamesTheCall) {
  const DeviceRunner runner(session(), {1, 4});
  Caller caller(runner);
  driver_.fail("cuStreamSynchronize", 719);
  EXPECT_THAT([&] { caller.run(1); }, ThrowsMessage<ModelRuntimeError>(HasSubstr("cuStreamSynchronize")));
  caller.run(1);
  EXPECT_THAT(caller.answers, ElementsAreArray(expected_answers(1)));
}

TEST_F(DeviceRunnerTest, AnOutputWithoutBatchAxisIsRefused) {
  network_.loses_batch_axis = true;
  const DeviceRunner runner(session(), {1, 4});
  Caller caller(runner);
  EXPECT_THAT([&] { caller.run(2); }, ThrowsMessage<ModelRuntimeError>(HasSubstr("first dimension")));
}

TEST_F(DeviceRunnerTest, ManyThreadsGetWhatOneGets) {
  const DeviceRunner runner(session(), {1, 4});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&runner] {
      Caller caller(runner);
      for (std::size_t i = 0; i < 20; ++i) {
        caller.run(1 + i % 5);
        EXPECT_THAT(caller.answers, ElementsAreArray(expected_answers(1 + i % 5)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(network_.requests, 4) << "one workspace for each call at a time";
}

}  // namespace
}  // namespace inference_exp::runtime
