// The best logits found on the device against a plain sort.
#include "vision/cuda/top_selector.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "inference_exp/errors.hpp"
#include "runtime/tensor_cast.hpp"
#include "vision/cuda/device_test.hpp"

namespace inference_exp::vision::gpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Outputs {
  std::size_t queries = 0;
  std::size_t classes = 0;
  std::vector<float> logits;
  std::vector<float> boxes;
};

Outputs random_outputs(std::uint32_t seed, std::size_t queries, std::size_t classes, int levels) {
  std::mt19937 random(seed);
  Outputs outputs{queries, classes, std::vector<float>(queries * classes), std::vector<float>(queries * 4)};
  for (float& logit : outputs.logits) logit = static_cast<float>(random() % static_cast<unsigned>(levels)) / 8 - 6;
  for (float& value : outputs.boxes) value = static_cast<float>(random() % 1000) / 1000;
  return outputs;
}

/// As models::select_rows ranks: highest first, equal ones by rising index, as many as there are queries.
std::vector<TopEntry> best_on_cpu(const Outputs& outputs, float floor) {
  std::vector<TopEntry> entries;
  for (std::size_t i = 0; i < outputs.logits.size(); ++i) {
    if (!(outputs.logits[i] > floor)) continue;
    TopEntry entry{outputs.logits[i], static_cast<std::uint32_t>(i), {}};
    std::copy_n(outputs.boxes.begin() + static_cast<std::ptrdiff_t>(4 * (i / outputs.classes)), 4, entry.box);
    entries.push_back(entry);
  }
  std::ranges::stable_sort(entries, std::greater{}, &TopEntry::logit);
  entries.resize(std::min(entries.size(), outputs.queries));
  return entries;
}

class DeviceTopSelectorTest : public test::DeviceTest {
 protected:
  struct OnDevice {
    cuda::DeviceBuffer logits;
    cuda::DeviceBuffer boxes;
    DeviceQueries queries;
  };
  static OnDevice place(const Outputs& outputs) {
    OnDevice placed{on_device<float>(outputs.logits), on_device<float>(outputs.boxes), {}};
    placed.queries = {placed.logits.address(), placed.boxes.address(), DType::f32, outputs.queries, outputs.classes};
    return placed;
  }

  void check(const Outputs& outputs, float floor) {
    const OnDevice placed = place(outputs);
    selector_.enqueue(0, placed.queries, floor, stream().handle());
    stream().synchronize();
    EXPECT_TRUE(same_bits<TopEntry>(best_on_cpu(outputs, floor), selector_.entries(0)));
  }

  DeviceTopSelector selector_{kernels(), context()};
};

TEST_F(DeviceTopSelectorTest, FindsTheBestInOrder) {
  std::mt19937 random(1);
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const Outputs outputs = random_outputs(seed, 1 + random() % 100, 1 + random() % 30, seed % 2 == 0 ? 97 : 100'000);
    for (const float floor : {-kInfinity, 0.F, 4.F, kInfinity}) check(outputs, floor);
    if (HasFailure()) return;
  }
}

TEST_F(DeviceTopSelectorTest, CutsTiesByIndex) {
  Outputs outputs = random_outputs(2, 50, 20, 2);  // two values only
  check(outputs, -kInfinity);
  EXPECT_EQ(selector_.entries(0).size(), 50U);
  std::ranges::fill(outputs.logits, 1.F);
  check(outputs, 0.F);
  EXPECT_EQ(selector_.entries(0).back().index, 49U);
}

TEST_F(DeviceTopSelectorTest, LeavesOutNanAndRanksInfinity) {
  Outputs outputs = random_outputs(3, 40, 10, 50);
  std::mt19937 random(3);
  for (int i = 0; i < 150; ++i) {
    outputs.logits[random() % 400] =
        std::array{std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity, 0.F, -0.F}[random() % 5];
  }
  for (const float floor : {-kInfinity, -1.F, 2.F}) check(outputs, floor);
}

TEST_F(DeviceTopSelectorTest, ReadsHalves) {
  Outputs outputs = random_outputs(4, 60, 11, 3000);
  const auto halves = [](std::vector<float>& values) {
    std::vector<std::uint16_t> result(values.size());
    runtime::cast_from_float(values, DType::f16, result.data());
    runtime::cast_to_float(result.data(), DType::f16, values);
    return on_device<std::uint16_t>(result);
  };
  const cuda::DeviceBuffer logits = halves(outputs.logits);
  const cuda::DeviceBuffer boxes = halves(outputs.boxes);
  selector_.enqueue(0, {logits.address(), boxes.address(), DType::f16, 60, 11}, 0.F, stream().handle());
  stream().synchronize();
  EXPECT_TRUE(same_bits<TopEntry>(best_on_cpu(outputs, 0.F), selector_.entries(0)));
}

TEST_F(DeviceTopSelectorTest, HasNoEntriesWhereThereIsNothing) {
  check(random_outputs(5, 10, 3, 40), kInfinity);
  selector_.enqueue(0, {}, 0.F, stream().handle());
  EXPECT_TRUE(selector_.entries(0).empty());
  EXPECT_TRUE(selector_.entries(9).empty()) << "a slot that was never used";
}

TEST_F(DeviceTopSelectorTest, ImagesOfABatchDoNotDisturbEachOther) {
  std::vector<Outputs> outputs;
  std::vector<OnDevice> placed;
  for (std::uint32_t i = 0; i < 4; ++i) {
    outputs.push_back(random_outputs(30 + i, 20 + 10 * i, 5, 500));
    placed.push_back(place(outputs[i]));
  }
  for (std::size_t i = 0; i < 4; ++i) selector_.enqueue(i, placed[i].queries, 0.F, stream().handle());
  stream().synchronize();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(same_bits<TopEntry>(best_on_cpu(outputs[i], 0.F), selector_.entries(i)));
  }
}

TEST_F(DeviceTopSelectorTest, RefusesWhatItCannotRead) {
  EXPECT_THROW(selector_.enqueue(0, {0, 0, DType::i32, 1, 1}, 0.F, stream().handle()), InvalidParameterError);
  EXPECT_THROW(selector_.enqueue(0, {0, 0, DType::f32, 1U << 20, 1U << 11}, 0.F, stream().handle()),
               InvalidParameterError);
}

TEST_F(DeviceTopSelectorTest, GoesOnAfterAnyCallOfTheDriverFailed) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "makes the stand-in's calls fail";
  const Outputs outputs = random_outputs(6, 30, 9, 300);
  const OnDevice placed = place(outputs);
  const std::pair<const char*, int> failures[] = {
      {"cuCtxPushCurrent_v2", 0}, {"cuMemAlloc_v2", 0},  {"cuMemAlloc_v2", 1},  {"cuMemHostAlloc", 0},
      {"cuMemsetD8Async", 0},     {"cuLaunchKernel", 0}, {"cuLaunchKernel", 1}, {"cuMemcpyDtoHAsync_v2", 0}};
  for (const auto& [function, after] : failures) {
    SCOPED_TRACE(function);
    DeviceTopSelector selector(kernels(), context());
    stand_in().reset();
    stand_in().fail(function, cuda::kOutOfMemory, after);
    EXPECT_THROW(selector.enqueue(0, placed.queries, 0.F, stream().handle()), cuda::Error);
    stream().synchronize();
    EXPECT_TRUE(selector.entries(0).empty());
    selector.enqueue(0, placed.queries, 0.F, stream().handle());
    stream().synchronize();
    EXPECT_TRUE(same_bits<TopEntry>(best_on_cpu(outputs, 0.F), selector.entries(0)));
  }
}

}  // namespace
}  // namespace inference_exp::vision::gpu
