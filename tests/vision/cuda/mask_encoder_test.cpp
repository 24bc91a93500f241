// Masks drawn on the device against MaskPainter.
#include "vision/cuda/mask_encoder.hpp"

#include <random>

#include "inference_exp/errors.hpp"
#include "runtime/tensor_cast.hpp"
#include "vision/cuda/device_test.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp::vision::gpu {
namespace {

/// Prototypes, rows and coefficients of one image.
struct Instances {
  std::size_t channels = 0;
  Size size;
  std::vector<float> prototypes;
  std::vector<DetectionRow> rows;
  std::vector<float> coefficients;
};

/// Smooth prototypes, as networks give them, or noise.
Instances random_instances(std::uint32_t seed, Size size, std::size_t channels, std::size_t rows, bool smooth) {
  std::mt19937 random(seed);
  const auto uniform = [&](float low, float high) { return std::uniform_real_distribution<float>(low, high)(random); };
  Instances instances{channels, size, {}, {}, {}};
  for (std::size_t c = 0; c < channels; ++c) {
    const float slope_x = uniform(-0.3F, 0.3F);
    const float slope_y = uniform(-0.3F, 0.3F);
    const float base = uniform(-4, 4);
    for (std::int32_t y = 0; y < size.height; ++y) {
      for (std::int32_t x = 0; x < size.width; ++x) {
        const float ramp = base + slope_x * static_cast<float>(x) + slope_y * static_cast<float>(y);
        instances.prototypes.push_back(smooth ? ramp + uniform(-0.01F, 0.01F) : uniform(-4, 4));
      }
    }
  }
  const auto right = static_cast<float>(4 * size.width);
  const auto bottom = static_cast<float>(4 * size.height);
  for (std::size_t i = 0; i < rows; ++i) {
    const float x = uniform(-10, right);
    const float y = uniform(-10, bottom);
    instances.rows.push_back({x, y, x + uniform(0, right / 2), y + uniform(0, bottom / 2), 0.5F, 0, 0});
    for (std::size_t c = 0; c < channels; ++c) instances.coefficients.push_back(uniform(-1, 1));
  }
  return instances;
}

Preprocessing recipe_for(Size prototypes, ResizeMode mode = ResizeMode::letterbox) {
  Preprocessing recipe;
  recipe.resize_mode = mode;
  recipe.target = {4 * prototypes.width, 4 * prototypes.height};
  return recipe;
}

class DeviceMaskEncoderTest : public test::DeviceTest {
 protected:
  static DevicePrototypes describe(const Instances& instances, const cuda::DeviceBuffer& values,
                                   DType dtype = DType::f32) {
    return {values.address(), dtype, instances.channels, instances.size};
  }

  std::string draw_on_cpu(const Instances& instances, const PreprocessingMetadata& placement,
                          const MaskOptions& options, std::size_t i) {
    const Prototypes prototypes{instances.prototypes, instances.channels, instances.size};
    const MaskPainter painter(prototypes, placement, options, cpu_);
    const DetectionRow& row = instances.rows[i];
    return painter.run_lengths({{row.x1, row.y1, row.x2, row.y2},
                                std::span(instances.coefficients).subspan(i * instances.channels, instances.channels)});
  }

  /// Compares every mask that the device is sure of; returns how many it is not sure of.
  int compare(std::size_t slot, const Instances& instances, const PreprocessingMetadata& placement,
              const MaskOptions& options) {
    int unsure = 0;
    for (std::size_t i = 0; i < instances.rows.size(); ++i) {
      const auto drawn = encoder_.run_lengths(slot, i);
      if (drawn) {
        EXPECT_EQ(*drawn, draw_on_cpu(instances, placement, options, i)) << i;
      } else {
        ++unsure;
      }
    }
    return unsure;
  }

  int check(const Instances& instances, const PreprocessingMetadata& placement, const MaskOptions& options = {}) {
    const cuda::DeviceBuffer values = on_device<float>(instances.prototypes);
    encoder_.enqueue(0, describe(instances, values), placement, options, instances.rows, instances.coefficients,
                     stream().handle());
    stream().synchronize();
    return compare(0, instances, placement, options);
  }

  DeviceMaskEncoder encoder_{kernels(), context()};
  MaskWorkspace cpu_;
};

TEST_F(DeviceMaskEncoderTest, DrawsTheMasksThatTheCpuDraws) {
  std::mt19937 random(1);
  int unsure = 0;
  int masks = 0;
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const auto side = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const Instances instances = random_instances(seed, {side(8, 40), side(8, 40)}, 1 + seed % 9, 12, true);
    Preprocessing recipe = recipe_for(instances.size, seed % 3 == 0 ? ResizeMode::stretch : ResizeMode::letterbox);
    if (seed % 4 == 0) recipe.static_crop = StaticCrop{10, 20, 90, 75};
    const PreprocessingMetadata placement = plan(recipe, {side(20, 400), side(20, 400)});
    unsure += check(instances, placement);
    masks += 12;
    EXPECT_EQ(check(instances, placement, {false, 0.25F}), 0) << "nothing is unsure where no exponential is";
    if (HasFailure()) return;
  }
  EXPECT_LT(unsure * 20, masks);
}

TEST_F(DeviceMaskEncoderTest, DrawsWhereThePictureIsSmallerThanThePrototypes) {
  const Instances instances = random_instances(2, {40, 30}, 4, 20, true);
  check(instances, plan(recipe_for(instances.size), {13, 9}));
  check(instances, plan(recipe_for(instances.size), {40, 30}));
}

TEST_F(DeviceMaskEncoderTest, DrawsCentreCrops) {
  const Instances instances = random_instances(3, {20, 20}, 4, 20, true);
  for (const Size image : {Size{300, 60}, Size{60, 300}, Size{500, 500}}) {
    check(instances, plan(recipe_for(instances.size, ResizeMode::center_crop), image), {false, 0.F});
  }
}

TEST_F(DeviceMaskEncoderTest, DrawsFrayedMasksOrLeavesThem) {
  Instances instances = random_instances(4, {24, 24}, 3, 15, false);
  check(instances, plan(recipe_for(instances.size), {200, 160}), {false, 0.F});
  // Pixels as small as cells, boxes as large as the picture: more flips than there is room for.
  for (DetectionRow& row : instances.rows) row = {0, 0, 96, 96, 0.5F, 0, 0};
  encoder_ = DeviceMaskEncoder(kernels(), context());
  EXPECT_GT(check(instances, plan(recipe_for(instances.size), {24, 24}), {false, 0.F}), 0);
}

TEST_F(DeviceMaskEncoderTest, LeavesMasksThatTheLastBitDecides) {
  Instances instances{1, {8, 8}, std::vector<float>(64, 0.F), {}, {1.F}};
  instances.rows.push_back({0, 0, 32, 32, 0.5F, 0, 0});
  EXPECT_EQ(check(instances, plan(recipe_for({8, 8}), {64, 64})), 1) << "every pixel is 0.5 exactly";
}

TEST_F(DeviceMaskEncoderTest, DropsNan) {
  Instances instances = random_instances(5, {16, 16}, 2, 10, true);
  for (std::size_t i = 0; i < instances.prototypes.size(); i += 7) {
    instances.prototypes[i] = std::numeric_limits<float>::quiet_NaN();
  }
  check(instances, plan(recipe_for(instances.size), {100, 100}));
  check(instances, plan(recipe_for(instances.size), {100, 100}), {false, 0.F});
}

TEST_F(DeviceMaskEncoderTest, ReadsHalves) {
  Instances instances = random_instances(6, {20, 16}, 5, 10, true);
  std::vector<std::uint16_t> halves(instances.prototypes.size());
  runtime::cast_from_float(instances.prototypes, DType::f16, halves.data());
  runtime::cast_to_float(halves.data(), DType::f16, instances.prototypes);
  const cuda::DeviceBuffer values = on_device<std::uint16_t>(halves);
  const PreprocessingMetadata placement = plan(recipe_for(instances.size), {111, 99});
  encoder_.enqueue(0, describe(instances, values, DType::f16), placement, {}, instances.rows, instances.coefficients,
                   stream().handle());
  stream().synchronize();
  EXPECT_LT(compare(0, instances, placement, {}), 3);
}

TEST_F(DeviceMaskEncoderTest, ImagesOfABatchDoNotDisturbEachOther) {
  std::vector<Instances> instances;
  std::vector<cuda::DeviceBuffer> values;
  std::vector<PreprocessingMetadata> placements;
  for (std::uint32_t i = 0; i < 4; ++i) {
    instances.push_back(random_instances(40 + i, {20, 20}, 3, 2 + 3 * i, true));
    values.push_back(on_device<float>(instances[i].prototypes));
    placements.push_back(plan(recipe_for({20, 20}), {90, 50 + 20 * static_cast<std::int32_t>(i)}));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    encoder_.enqueue(i, describe(instances[i], values[i]), placements[i], {}, instances[i].rows,
                     instances[i].coefficients, stream().handle());
  }
  stream().synchronize();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_LT(compare(i, instances[i], placements[i], {}), 2);
}

TEST_F(DeviceMaskEncoderTest, HasNoMasksWhereThereAreNoRows) {
  const Instances none = random_instances(7, {10, 10}, 2, 0, true);
  check(none, plan(recipe_for(none.size), {50, 50}));
  EXPECT_EQ(encoder_.run_lengths(0, 0), std::nullopt);
  EXPECT_EQ(encoder_.run_lengths(5, 0), std::nullopt) << "a slot that was never used";
}

TEST_F(DeviceMaskEncoderTest, RefusesWhatItCannotDraw) {
  const Instances instances = random_instances(8, {10, 10}, 2, 3, true);
  const PreprocessingMetadata placement = plan(recipe_for(instances.size), {50, 50});
  const auto enqueue = [&](DType dtype, const MaskOptions& options, std::size_t coefficients) {
    encoder_.enqueue(0, {0, dtype, 2, {10, 10}}, placement, options, instances.rows,
                     std::span(instances.coefficients).first(coefficients), stream().handle());
  };
  EXPECT_FALSE(DeviceMaskEncoder::supports({true, -0.1F}));
  EXPECT_THROW(enqueue(DType::f32, {true, -0.1F}, 6), InvalidParameterError);
  EXPECT_THROW(enqueue(DType::i8, {}, 6), InvalidParameterError);
  EXPECT_THROW(enqueue(DType::f32, {}, 5), InvalidParameterError);
}

TEST_F(DeviceMaskEncoderTest, GoesOnAfterAnyCallOfTheDriverFailed) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "makes the stand-in's calls fail";
  const Instances instances = random_instances(9, {16, 12}, 3, 6, true);
  const PreprocessingMetadata placement = plan(recipe_for(instances.size), {80, 70});
  const cuda::DeviceBuffer values = on_device<float>(instances.prototypes);
  const auto enqueue = [&] {
    encoder_.enqueue(0, describe(instances, values), placement, {false, 0.F}, instances.rows, instances.coefficients,
                     stream().handle());
  };
  const std::pair<const char*, int> failures[] = {
      {"cuCtxPushCurrent_v2", 0}, {"cuMemAlloc_v2", 0},  {"cuMemAlloc_v2", 1},       {"cuMemAlloc_v2", 2},
      {"cuMemHostAlloc", 0},      {"cuMemHostAlloc", 1}, {"cuMemsetD8Async", 0},     {"cuMemcpyHtoDAsync_v2", 0},
      {"cuLaunchKernel", 0},      {"cuLaunchKernel", 1}, {"cuMemcpyDtoHAsync_v2", 0}};
  for (const auto& [function, after] : failures) {
    SCOPED_TRACE(function);
    encoder_ = DeviceMaskEncoder(kernels(), context());
    stand_in().reset();
    stand_in().fail(function, cuda::kOutOfMemory, after);
    EXPECT_THROW(enqueue(), cuda::Error);
    stream().synchronize();
    EXPECT_EQ(encoder_.run_lengths(0, 0), std::nullopt);
    enqueue();
    stream().synchronize();
    EXPECT_EQ(compare(0, instances, placement, {false, 0.F}), 0);
  }
}

}  // namespace
}  // namespace inference_exp::vision::gpu
