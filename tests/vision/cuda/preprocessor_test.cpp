// Pre-processing on the device against the CPU's, bit for bit.
#include "vision/cuda/preprocessor.hpp"

#include <algorithm>
#include <memory>
#include <random>

#include "inference_exp/errors.hpp"
#include "runtime/tensor_cast.hpp"
#include "vision/cuda/device_test.hpp"
#include "vision/preprocess.hpp"
#include "vision/preprocess_scenes.hpp"

namespace inference_exp::vision::gpu {
namespace {

using inference_exp::testing::imagenet_normalization;
using inference_exp::testing::letterbox_recipe;
using inference_exp::testing::NoisePicture;

std::size_t input_values(const Preprocessing& recipe) {
  return 3 * static_cast<std::size_t>(recipe.target.width) * static_cast<std::size_t>(recipe.target.height);
}

class DevicePreprocessorTest : public test::DeviceTest {
 protected:
  struct Queued {
    cuda::DeviceBuffer chw{context()};
    PreprocessingMetadata metadata;
  };

  Queued queue(std::size_t slot, const ImageView& image, const Preprocessing& recipe, DType dtype) {
    Queued queued;
    {
      const cuda::ContextScope scope(context());
      queued.chw.reserve(input_values(recipe) * dtype_size(dtype));
    }
    queued.metadata = device_.run(slot, image, recipe, queued.chw.address(), dtype, stream().handle());
    return queued;
  }

  /// Waits for the stream and compares with what the CPU makes of the picture.
  void expect_as_on_cpu(const Queued& queued, const ImageView& image, const Preprocessing& recipe, DType dtype) {
    stream().synchronize();
    std::vector<float> expected(input_values(recipe));
    EXPECT_EQ(preprocess(image, recipe, expected, cpu_), queued.metadata);
    if (dtype == DType::f32) {
      EXPECT_TRUE(same_bits<float>(expected, to_host<float>(queued.chw, expected.size())));
      return;
    }
    std::vector<std::uint16_t> halves(expected.size());
    runtime::cast_from_float(expected, DType::f16, halves.data());
    EXPECT_TRUE(same_bits<std::uint16_t>(halves, to_host<std::uint16_t>(queued.chw, halves.size())));
  }

  void check(const ImageView& image, const Preprocessing& recipe, DType dtype = DType::f32, std::size_t slot = 0) {
    expect_as_on_cpu(queue(slot, image, recipe, dtype), image, recipe, dtype);
  }

  DevicePreprocessor device_{kernels(), context()};
  PreprocessWorkspace cpu_;
};

/// Pictures and recipes of all kinds.
class RandomScenes {
 public:
  explicit RandomScenes(std::uint32_t seed) : random_(seed) {}

  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  Size size(int limit) { return chance(15) ? Size{pick(1, limit), pick(1, 4)} : Size{pick(1, limit), pick(1, limit)}; }

  Preprocessing recipe() {
    constexpr std::array kModes{ResizeMode::stretch, ResizeMode::letterbox, ResizeMode::center_crop,
                                ResizeMode::letterbox_reflect_edges};
    Preprocessing recipe;
    recipe.resize_mode = kModes[static_cast<std::size_t>(pick(0, 3))];
    recipe.resampling = chance(25) ? Resampling::pillow_bilinear : Resampling::opencv_linear;
    recipe.target = size(260);
    recipe.padding_value = pick(0, 255);
    recipe.color_mode = chance(50) ? ColorMode::rgb : ColorMode::bgr;
    if (chance(25)) recipe.static_crop = StaticCrop{pick(0, 40), pick(0, 40), pick(60, 100), pick(60, 100)};
    if (chance(70)) recipe.scaling_factor = chance(60) ? 255.F : static_cast<float>(pick(1, 1000)) / 7;
    if (chance(50)) recipe.normalization = imagenet_normalization();
    return recipe;
  }

  NoisePicture picture(int limit) {
    const auto format = static_cast<PixelFormat>(pick(0, 4));
    return {size(limit),   format,
            PixelType::u8, chance(50) ? pick(0, 67) : 0,
            chance(20),    static_cast<std::uint32_t>(random_())};
  }

  Rect window(Size size) {
    const int x = pick(0, size.width - 1);
    const int y = pick(0, size.height - 1);
    return {x, y, pick(1, size.width - x), pick(1, size.height - y)};
  }

 private:
  std::mt19937 random_;
};

TEST_F(DevicePreprocessorTest, MakesOfRandomPicturesWhatTheCpuMakes) {
  RandomScenes scenes(1);
  int compared = 0;
  for (int i = 0; i < 160; ++i) {
    SCOPED_TRACE(i);
    const NoisePicture picture = scenes.picture(i % 16 != 0 ? 230 : test::tests_real_gpu() ? 4000 : 700);
    const ImageView image =
        scenes.chance(30) ? picture.view().crop(scenes.window(picture.view().size)) : picture.view();
    const Preprocessing recipe = scenes.recipe();
    ASSERT_TRUE(DevicePreprocessor::supports(recipe, image));
    const DType dtype = scenes.chance(30) ? DType::f16 : DType::f32;
    try {
      static_cast<void>(plan(recipe, image.size));
    } catch (const ModelInputError&) {  // nothing is left of it
      EXPECT_THROW(queue(0, image, recipe, dtype), ModelInputError);
      continue;
    }
    check(image, recipe, dtype);
    if (HasFailure()) return;
    ++compared;
  }
  EXPECT_GT(compared, 100);
}

TEST_F(DevicePreprocessorTest, TakesSinglePixelsAndSingleRows) {
  for (const Size size : {Size{1, 1}, Size{1, 40}, Size{40, 1}, Size{2, 2}}) {
    const NoisePicture picture(size, PixelFormat::bgr, PixelType::u8, 0, false, 3);
    Preprocessing recipe = letterbox_recipe({64, 48});
    check(picture.view(), recipe);
    recipe.resize_mode = ResizeMode::stretch;
    check(picture.view(), recipe);
  }
}

TEST_F(DevicePreprocessorTest, KeepsPixelsThatNeedNoResizeAndHalvesExactly) {
  for (const Size size : {Size{64, 48}, Size{128, 96}, Size{64, 96}}) {
    const NoisePicture picture(size, PixelFormat::rgba, PixelType::u8, 5, true, 4);
    Preprocessing recipe = letterbox_recipe({64, 48});
    recipe.resize_mode = ResizeMode::stretch;
    check(picture.view(), recipe);
  }
}

TEST_F(DevicePreprocessorTest, TakesLargePictures) {
  const Size size = test::tests_real_gpu() ? Size{7680, 4320} : Size{3840, 2160};
  const NoisePicture picture(size, PixelFormat::bgr, PixelType::u8, 0, false, 5);
  check(picture.view(), letterbox_recipe({640, 640}));
  Preprocessing stretch = letterbox_recipe({640, 640});
  stretch.resize_mode = ResizeMode::stretch;
  stretch.normalization = imagenet_normalization();
  check(picture.view(), stretch, DType::f16);
}

TEST_F(DevicePreprocessorTest, SendsOnlyTheRowsThatCount) {
  // A tenth of the height: two rows of every ten are read.
  const NoisePicture picture({40, 400}, PixelFormat::bgr, PixelType::u8, 0, false, 6);
  ResizeTables tables;
  tables.prepare({{40, 400}, {40, 40}, Resampling::opencv_linear});
  EXPECT_EQ(tables.used_rows().size(), 80U);
  Preprocessing recipe = letterbox_recipe({40, 40});
  recipe.resize_mode = ResizeMode::stretch;
  check(picture.view(), recipe);
}

TEST_F(DevicePreprocessorTest, PicturesOfABatchDoNotDisturbEachOther) {
  RandomScenes scenes(7);
  std::vector<std::unique_ptr<NoisePicture>> pictures;
  std::vector<Preprocessing> recipes;
  std::vector<Queued> queued;
  for (std::size_t i = 0; i < 6; ++i) {
    const Size size{60 + 10 * static_cast<int>(i), 90 - 5 * static_cast<int>(i)};
    pictures.push_back(std::make_unique<NoisePicture>(size, PixelFormat::bgr, PixelType::u8, 0, false, 8U + i));
    recipes.push_back(letterbox_recipe({64, 64}));
    recipes.back().padding_value = static_cast<std::int32_t>(i);
    queued.push_back(queue(i, pictures[i]->view(), recipes[i], DType::f32));
  }
  for (std::size_t i = 0; i < 6; ++i) expect_as_on_cpu(queued[i], pictures[i]->view(), recipes[i], DType::f32);
}

TEST_F(DevicePreprocessorTest, AcceptsThePictureBeingFreedAfterTheCall) {
  const Preprocessing recipe = letterbox_recipe({64, 64});
  auto picture = std::make_unique<NoisePicture>(Size{90, 70}, PixelFormat::bgr, PixelType::u8, 0, false, 9);
  const Queued queued = queue(0, picture->view(), recipe, DType::f32);
  picture.reset();
  const NoisePicture same({90, 70}, PixelFormat::bgr, PixelType::u8, 0, false, 9);
  expect_as_on_cpu(queued, same.view(), recipe, DType::f32);
}

TEST_F(DevicePreprocessorTest, RefusesWhatItDoesNotReproduce) {
  const NoisePicture picture({20, 20}, PixelFormat::bgr, PixelType::u8, 0, false, 10);
  const NoisePicture floats({20, 20}, PixelFormat::bgr, PixelType::f32, 0, false, 10);
  const Preprocessing plain = letterbox_recipe({16, 16});
  EXPECT_TRUE(DevicePreprocessor::supports(plain, picture.view()));
  EXPECT_FALSE(DevicePreprocessor::supports(plain, floats.view()));
  const auto refused = [&](auto change) {
    Preprocessing recipe = plain;
    change(recipe);
    EXPECT_FALSE(DevicePreprocessor::supports(recipe, picture.view()));
    EXPECT_THROW(queue(0, picture.view(), recipe, DType::f32), InvalidParameterError);
  };
  refused([](Preprocessing& recipe) { recipe.grayscale = true; });
  refused([](Preprocessing& recipe) { recipe.contrast = ContrastMode::contrast_stretching; });
  refused([](Preprocessing& recipe) { recipe.resampling = Resampling::torch_bilinear; });
  refused([](Preprocessing& recipe) { recipe.resize_mode = ResizeMode::fit_longer_edge; });
  refused([](Preprocessing& recipe) { recipe.resize_mode = ResizeMode::shortest_edge_center_crop; });
  EXPECT_THROW(queue(0, picture.view(), plain, DType::u8), InvalidParameterError);
}

TEST_F(DevicePreprocessorTest, AllocatesNothingForSizesItKnowsAndNeverWaits) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "counts the stand-in's calls";
  const NoisePicture picture({90, 70}, PixelFormat::bgr, PixelType::u8, 0, false, 11);
  const Preprocessing recipe = letterbox_recipe({64, 64});
  check(picture.view(), recipe);
  cuda::DeviceBuffer chw(context());
  chw.reserve(input_values(recipe) * sizeof(float));
  stand_in().reset();
  for (int i = 0; i < 3; ++i) {
    device_.run(0, picture.view(), recipe, chw.address(), DType::f32, stream().handle());
  }
  for (const char* function : {"cuMemAlloc_v2", "cuMemHostAlloc", "cuStreamSynchronize", "cuEventSynchronize"}) {
    EXPECT_EQ(stand_in().calls(function), 0) << function;
  }
  EXPECT_EQ(stand_in().calls("cuMemcpyHtoDAsync_v2"), 3) << "the tables stay";
  stream().synchronize();
}

TEST_F(DevicePreprocessorTest, GoesOnAfterAnyCallOfTheDriverFailed) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "makes the stand-in's calls fail";
  const NoisePicture picture({90, 70}, PixelFormat::bgr, PixelType::u8, 0, false, 12);
  const Preprocessing recipe = letterbox_recipe({64, 64});
  cuda::DeviceBuffer chw(context());
  chw.reserve(input_values(recipe) * sizeof(float));
  const std::pair<const char*, int> failures[] = {
      {"cuCtxPushCurrent_v2", 0}, {"cuMemHostAlloc", 0},       {"cuMemHostAlloc", 1},       {"cuMemAlloc_v2", 0},
      {"cuMemAlloc_v2", 1},       {"cuMemcpyHtoDAsync_v2", 0}, {"cuMemcpyHtoDAsync_v2", 1}, {"cuLaunchKernel", 0}};
  for (const auto& [function, after] : failures) {
    SCOPED_TRACE(function);
    DevicePreprocessor device(kernels(), context());
    stand_in().reset();
    stand_in().fail(function, cuda::kOutOfMemory, after);
    EXPECT_THROW(device.run(0, picture.view(), recipe, chw.address(), DType::f32, stream().handle()), cuda::Error);
    stream().synchronize();
    device.run(0, picture.view(), recipe, chw.address(), DType::f32, stream().handle());
    stream().synchronize();
    std::vector<float> expected(input_values(recipe));
    preprocess(picture.view(), recipe, expected, cpu_);
    EXPECT_TRUE(same_bits<float>(expected, to_host<float>(chw, expected.size())));
  }
}

}  // namespace
}  // namespace inference_exp::vision::gpu
