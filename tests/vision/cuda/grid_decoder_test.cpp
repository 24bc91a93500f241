// Decoding on the device against select_candidates and batched_nms, bit for bit.
#include "vision/cuda/grid_decoder.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "inference_exp/errors.hpp"
#include "runtime/tensor_cast.hpp"
#include "vision/cuda/device_test.hpp"

namespace inference_exp::vision::gpu {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// A network's answer for one image.
struct Grid {
  std::size_t classes = 1;
  std::size_t extra = 0;
  std::size_t anchors = 0;
  std::vector<float> values;

  Grid(std::size_t class_count, std::size_t extra_count, std::size_t anchor_count)
      : classes(class_count),
        extra(extra_count),
        anchors(anchor_count),
        values((4 + class_count + extra_count) * anchor_count) {}
  float& at(std::size_t row, std::size_t anchor) { return values[row * anchors + anchor]; }
  float& score(std::size_t class_id, std::size_t anchor) { return at(4 + class_id, anchor); }
};

/// Boxes that overlap a lot, scores on `levels` steps, so that many are equal.
Grid random_grid(std::uint32_t seed, std::size_t classes, std::size_t extra, std::size_t anchors, int levels = 50) {
  std::mt19937 random(seed);
  const auto uniform = [&](float low, float high) { return std::uniform_real_distribution<float>(low, high)(random); };
  Grid grid(classes, extra, anchors);
  for (std::size_t a = 0; a < anchors; ++a) {
    grid.at(0, a) = uniform(0, 640);
    grid.at(1, a) = uniform(0, 640);
    grid.at(2, a) = uniform(-5, 250);
    grid.at(3, a) = uniform(1, 250);
    for (std::size_t c = 0; c < classes; ++c) {
      grid.score(c, a) =
          static_cast<float>(std::uniform_int_distribution(0, levels)(random)) / static_cast<float>(levels);
    }
    for (std::size_t e = 0; e < extra; ++e) grid.at(4 + classes + e, a) = uniform(-3, 3);
  }
  return grid;
}

/// What the CPU reports: the way models/yolo_head reads a grid.
struct Expected {
  std::vector<DetectionRow> rows;
  std::vector<float> extra;
  std::size_t candidates = 0;
};

Expected decode_on_cpu(const Grid& grid, const ScoreThresholds& thresholds, const NmsOptions& options) {
  std::vector<Candidate> candidates;
  select_candidates(
      {std::span(grid.values).subspan(4 * grid.anchors, grid.classes * grid.anchors), grid.classes, grid.anchors},
      thresholds, candidates);
  std::vector<BoxF> boxes;
  std::vector<float> scores;
  std::vector<std::int32_t> class_ids;
  std::vector<std::uint32_t> anchors;
  for (const Candidate& candidate : candidates) {
    const float* const box = grid.values.data() + candidate.anchor;
    const BoxF corners = from_center(box[0], box[grid.anchors], box[2 * grid.anchors], box[3 * grid.anchors]);
    if (!is_finite(corners)) continue;
    boxes.push_back(corners);
    scores.push_back(candidate.score);
    class_ids.push_back(candidate.class_id);
    anchors.push_back(candidate.anchor);
  }
  NmsWorkspace workspace;
  std::vector<std::uint32_t> keep;
  batched_nms(boxes, scores, class_ids, options, workspace, keep);
  Expected expected;
  expected.candidates = boxes.size();
  for (const std::uint32_t i : keep) {
    const BoxF& box = boxes[i];
    expected.rows.push_back({box.x1, box.y1, box.x2, box.y2, scores[i], class_ids[i], anchors[i]});
    for (std::size_t e = 0; e < grid.extra; ++e) {
      expected.extra.push_back(grid.values[(4 + grid.classes + e) * grid.anchors + anchors[i]]);
    }
  }
  return expected;
}

class DeviceGridDecoderTest : public test::DeviceTest {
 protected:
  static DeviceGrid describe(const Grid& grid, const cuda::DeviceBuffer& values, DType dtype = DType::f32) {
    return {values.address(), dtype, grid.classes, grid.extra, grid.anchors};
  }

  void expect_rows(std::size_t slot, const Expected& expected) {
    EXPECT_TRUE(same_bits<DetectionRow>(expected.rows, decoder_.rows(slot)))
        << decoder_.rows(slot).size() << " rows instead of " << expected.rows.size();
    EXPECT_TRUE(same_bits<float>(expected.extra, decoder_.extra(slot)));
  }

  /// Decodes on both and compares; says how many candidates there were.
  std::size_t check(const Grid& grid, const ScoreThresholds& thresholds, const NmsOptions& options = {}) {
    const cuda::DeviceBuffer values = on_device<float>(grid.values);
    decoder_.enqueue(0, describe(grid, values), thresholds, options, stream().handle());
    stream().synchronize();
    const Expected expected = decode_on_cpu(grid, thresholds, options);
    expect_rows(0, expected);
    return expected.candidates;
  }

  DeviceGridDecoder decoder_{kernels(), context()};
};

TEST_F(DeviceGridDecoderTest, FindsWhatTheCpuFinds) {
  std::mt19937 random(1);
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::size_t classes = seed % 3 == 0 ? 1 : 1 + random() % 90;
    const Grid grid = random_grid(seed, classes, seed % 4 == 0 ? 5 : 0, 1 + random() % 1500, seed % 2 == 0 ? 20 : 5000);
    NmsOptions options;
    options.iou_threshold = static_cast<double>(random() % 101) / 100;
    options.class_agnostic = random() % 2 == 0;
    options.max_detections = random() % 4 == 0 ? 1 + random() % 20 : 300;
    const float threshold = classes == 1 ? 0.5F : 0.9F;
    check(grid, {threshold, {}}, options);
    if (HasFailure()) return;
  }
}

TEST_F(DeviceGridDecoderTest, ReadsHalves) {
  Grid grid = random_grid(2, 7, 3, 900);
  std::vector<std::uint16_t> halves(grid.values.size());
  runtime::cast_from_float(grid.values, DType::f16, halves.data());
  runtime::cast_to_float(halves.data(), DType::f16, grid.values);
  const cuda::DeviceBuffer values = on_device<std::uint16_t>(halves);
  decoder_.enqueue(0, describe(grid, values, DType::f16), {0.8F, {}}, {}, stream().handle());
  stream().synchronize();
  expect_rows(0, decode_on_cpu(grid, {0.8F, {}}, {}));
}

TEST_F(DeviceGridDecoderTest, OrdersEqualScoresByAnchor) {
  Grid grid = random_grid(3, 2, 0, 700, 1);  // all scores are 0 or 1
  check(grid, {0.5F, {}});
  ASSERT_FALSE(decoder_.rows(0).empty());
  EXPECT_EQ(decoder_.rows(0)[0].anchor, decode_on_cpu(grid, {0.5F, {}}, {}).rows[0].anchor);
}

TEST_F(DeviceGridDecoderTest, TakesTheFirstOfEquallyGoodClasses) {
  Grid grid(3, 0, 1);
  for (std::size_t row = 0; row < 4; ++row) grid.at(row, 0) = 10;
  for (std::size_t c = 0; c < 3; ++c) grid.score(c, 0) = c == 0 ? 0.1F : 0.7F;
  check(grid, {0.5F, {}});
  ASSERT_EQ(decoder_.rows(0).size(), 1U);
  EXPECT_EQ(decoder_.rows(0)[0].class_id, 1);
}

TEST_F(DeviceGridDecoderTest, DropsNanAndInfinityAsTheCpuDoes) {
  std::mt19937 random(4);
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    Grid grid = random_grid(100 + seed, 4, 1, 333);
    for (int i = 0; i < 300; ++i) {
      const float odd = std::array{kNan, -kNan, kInfinity, -kInfinity, 3e38F, -0.F}[random() % 6];
      grid.values[random() % grid.values.size()] = odd;
    }
    for (const float threshold : {0.4F, -kInfinity, -1.F}) check(grid, {threshold, {}});
    if (HasFailure()) return;
  }
}

TEST_F(DeviceGridDecoderTest, FindsNothingWhereNothingIs) {
  EXPECT_EQ(check(random_grid(5, 3, 2, 400), {1.F, {}}), 0U);
  EXPECT_EQ(check(Grid(2, 0, 0), {0.5F, {}}), 0U);
  EXPECT_TRUE(decoder_.rows(0).empty());
  EXPECT_TRUE(decoder_.extra(0).empty());
  EXPECT_TRUE(decoder_.rows(7).empty()) << "a slot that was never used";
  check(random_grid(5, 3, 2, 400), {0.5F, {}}, {0.5, 0, false});
}

TEST_F(DeviceGridDecoderTest, LosesNoCandidateWhenAllPass) {
  const std::size_t anchors = test::tests_real_gpu() ? 33'600 : 3000;
  for (const bool agnostic : {false, true}) {
    const Grid grid = random_grid(6, 5, 0, anchors);
    EXPECT_EQ(check(grid, {-1.F, {}}, {0.3, 300, agnostic}), anchors);
    EXPECT_EQ(check(grid, {-1.F, {}}, {1.0, 100'000, agnostic}), anchors) << "and all stay";
  }
}

/// Small boxes far from the origin, of high classes: moving them apart costs them digits, so that the results of the
/// two ways to keep classes apart differ.
Grid far_grid(std::uint32_t seed, std::size_t anchors) {
  constexpr std::size_t kClasses = 80;
  std::mt19937 random(seed);
  const auto uniform = [&](float low, float high) { return std::uniform_real_distribution<float>(low, high)(random); };
  Grid grid(kClasses, 0, anchors);
  for (std::size_t a = 0; a < anchors; ++a) {
    grid.at(0, a) = 30'000 + uniform(0, 40);
    grid.at(1, a) = uniform(0, 40);
    grid.at(2, a) = uniform(1, 6);
    grid.at(3, a) = uniform(1, 6);
    grid.score(70 + a % 10, a) = uniform(0.1F, 1);
  }
  return grid;
}

TEST_F(DeviceGridDecoderTest, ChangesItsWayOfKeepingClassesApartWhereTheCpuDoes) {
  for (const std::size_t anchors : {kOffsetTrickLimit - 1, kOffsetTrickLimit, kOffsetTrickLimit + 1}) {
    for (std::uint32_t seed = 0; seed < 8; ++seed) {
      EXPECT_EQ(check(far_grid(seed, anchors), {0.F, {}}, {0.45, 2000, false}), anchors);
    }
  }
}

TEST_F(DeviceGridDecoderTest, ComparesOverlapsWithTheThresholdInDoublePrecision) {
  Grid grid(1, 0, 2);
  for (std::size_t a = 0; a < 2; ++a) {
    grid.at(0, a) = a == 0 ? 6.5F : 13.5F;
    grid.at(1, a) = 0.5F;
    grid.at(2, a) = 13;
    grid.at(3, a) = 1;
    grid.score(0, a) = 0.9F;
  }
  // They share 6 of 20 pixels; 0.3 as a float is a little more than 0.3.
  check(grid, {0.F, {}}, {0.3, 300, true});
  EXPECT_EQ(decoder_.rows(0).size(), 1U);
}

TEST_F(DeviceGridDecoderTest, FollowsThresholdsPerClass) {
  std::mt19937 random(8);
  const Grid grid = random_grid(8, 20, 2, 800, 1000);
  std::vector<float> thresholds(20);
  for (float& threshold : thresholds) threshold = 0.9F + static_cast<float>(random() % 100) / 1000;
  EXPECT_GT(check(grid, {0.F, thresholds}), 0U);
  thresholds.assign(20, 2.F);
  EXPECT_EQ(check(grid, {0.F, thresholds}), 0U);
}

TEST_F(DeviceGridDecoderTest, ImagesOfABatchDoNotDisturbEachOther) {
  std::vector<Grid> grids;
  std::vector<cuda::DeviceBuffer> values;
  std::vector<std::vector<float>> thresholds;
  for (std::size_t i = 0; i < 5; ++i) {
    grids.push_back(random_grid(static_cast<std::uint32_t>(20 + i), 3, 1, 200 + 100 * i));
    values.push_back(on_device<float>(grids[i].values));
    thresholds.emplace_back(3, 0.5F + 0.1F * static_cast<float>(i % 4));
  }
  for (std::size_t i = 0; i < 5; ++i) {
    decoder_.enqueue(i, describe(grids[i], values[i]), {0.F, thresholds[i]}, {}, stream().handle());
  }
  stream().synchronize();
  for (std::size_t i = 0; i < 5; ++i) expect_rows(i, decode_on_cpu(grids[i], {0.F, thresholds[i]}, {}));
}

TEST_F(DeviceGridDecoderTest, RefusesTypesItCannotRead) {
  EXPECT_THROW(decoder_.enqueue(0, {0, DType::i8, 1, 0, 1}, {}, {}, stream().handle()), InvalidParameterError);
  EXPECT_THROW(decoder_.enqueue(0, {0, DType::f32, 1, 0, std::size_t{1} << 31}, {}, {}, stream().handle()),
               InvalidParameterError);
}

TEST_F(DeviceGridDecoderTest, AllocatesNothingForSizesItKnowsAndNeverWaits) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "counts the stand-in's calls";
  const Grid grid = random_grid(9, 3, 2, 400);
  const cuda::DeviceBuffer values = on_device<float>(grid.values);
  decoder_.enqueue(0, describe(grid, values), {0.5F, {}}, {}, stream().handle());
  stream().synchronize();
  stand_in().reset();
  decoder_.enqueue(0, describe(grid, values), {0.6F, {}}, {}, stream().handle());
  for (const char* function : {"cuMemAlloc_v2", "cuMemHostAlloc", "cuStreamSynchronize", "cuEventSynchronize"}) {
    EXPECT_EQ(stand_in().calls(function), 0) << function;
  }
  stream().synchronize();
}

TEST_F(DeviceGridDecoderTest, GoesOnAfterAnyCallOfTheDriverFailed) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "makes the stand-in's calls fail";
  const Grid grid = random_grid(10, 3, 2, 400);
  const std::vector<float> thresholds(3, 0.5F);
  const cuda::DeviceBuffer values = on_device<float>(grid.values);
  const std::pair<const char*, int> failures[] = {
      {"cuCtxPushCurrent_v2", 0}, {"cuMemAlloc_v2", 0},  {"cuMemAlloc_v2", 1},   {"cuMemAlloc_v2", 2},
      {"cuMemHostAlloc", 0},      {"cuMemHostAlloc", 1}, {"cuMemsetD8Async", 0}, {"cuMemcpyHtoDAsync_v2", 0},
      {"cuLaunchKernel", 0},      {"cuLaunchKernel", 1}, {"cuLaunchKernel", 2},  {"cuMemcpyDtoHAsync_v2", 0}};
  for (const auto& [function, after] : failures) {
    SCOPED_TRACE(function);
    DeviceGridDecoder decoder(kernels(), context());
    stand_in().reset();
    stand_in().fail(function, cuda::kOutOfMemory, after);
    EXPECT_THROW(decoder.enqueue(0, describe(grid, values), {0.F, thresholds}, {}, stream().handle()), cuda::Error);
    stream().synchronize();
    EXPECT_TRUE(decoder.rows(0).empty());
    decoder.enqueue(0, describe(grid, values), {0.F, thresholds}, {}, stream().handle());
    stream().synchronize();
    EXPECT_TRUE(same_bits<DetectionRow>(decode_on_cpu(grid, {0.F, thresholds}, {}).rows, decoder.rows(0)));
  }
}

}  // namespace
}  // namespace inference_exp::vision::gpu
