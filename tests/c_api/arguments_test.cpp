// Structs of other versions, lists, and pictures as C gives them.
#include "c_api/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "inference_exp/errors.hpp"

namespace inference_exp::c_api {
namespace {

using ::testing::ElementsAre;

/// The options as a later version might have them.
struct LaterOptions {
  inference_exp_inference_options known;
  double new_member;
  std::int64_t another;
};

inference_exp_inference_options defaults() {
  inference_exp_inference_options options;
  inference_exp_inference_options_init(&options, sizeof options);
  return options;
}

TEST(Structs, OfAnOlderCallerAreReadAsFarAsTheyGo) {
  inference_exp_inference_options given = defaults();
  given.confidence = 0.75;
  given.max_detections = 7;
  given.struct_size = offsetof(inference_exp_inference_options, max_detections);
  const auto read = read_struct(given, defaults(), "options");
  EXPECT_EQ(read.confidence, 0.75);
  EXPECT_EQ(read.max_detections, 0);
  EXPECT_EQ(read.mask_smoothing, 1);
}

TEST(Structs, OfANewerCallerAreReadWhenTheirNewMembersAreUnset) {
  LaterOptions given{defaults(), 0, 0};
  given.known.confidence = 0.75;
  given.known.struct_size = sizeof given;
  EXPECT_EQ(read_struct(given.known, defaults(), "options").confidence, 0.75);
  given.another = 1;
  EXPECT_THROW((void)read_struct(given.known, defaults(), "options"), InvalidParameterError);
}

TEST(Structs, ThatWereNeverFilledAreRefused) {
  inference_exp_inference_options given = defaults();
  for (const std::size_t size : {std::size_t{0}, std::size_t{4}, sizeof given + 1, std::size_t{0} - 8}) {
    given.struct_size = size;
    EXPECT_THROW((void)read_struct(given, defaults(), "options"), InvalidParameterError) << size;
  }
}

TEST(Structs, AreInitialisedAsFarAsTheCallerKnowsThem) {
  LaterOptions later;
  std::memset(static_cast<void*>(&later), 0x55, sizeof later);
  inference_exp_inference_options_init(&later.known, sizeof later - sizeof later.another);
  EXPECT_EQ(later.known.struct_size, sizeof later - sizeof later.another);
  EXPECT_TRUE(std::isnan(later.known.confidence));
  EXPECT_EQ(later.new_member, 0);
  EXPECT_EQ(later.another, 0x5555555555555555) << "this byte is beyond what the caller said";

  inference_exp_inference_options earlier;
  std::memset(static_cast<void*>(&earlier), 0x55, sizeof earlier);
  inference_exp_inference_options_init(&earlier, offsetof(inference_exp_inference_options, max_detections));
  EXPECT_TRUE(std::isnan(earlier.iou_threshold));
  EXPECT_EQ(earlier.max_detections, 0x55555555);
}

TEST(Lists, MayBeNullOnlyWithoutElements) {
  const std::array<const char*, 3> words{"a", "b", nullptr};
  EXPECT_THAT(texts(words.data(), 2, "words"), ElementsAre("a", "b"));
  EXPECT_THAT(texts(nullptr, 0, "words"), ElementsAre());
  EXPECT_THROW((void)texts(nullptr, 1, "words"), InvalidParameterError);
  EXPECT_THROW((void)texts(words.data(), 3, "words"), InvalidParameterError);
}

TEST(Flags, AreZeroOrOne) {
  EXPECT_TRUE(flag(1, "wanted"));
  EXPECT_FALSE(flag(0, "wanted"));
  EXPECT_THROW((void)flag(-1, "wanted"), InvalidParameterError);
  EXPECT_THROW((void)flag(0x55555555, "wanted"), InvalidParameterError);
}

inference_exp_image picture(const void* data) {
  inference_exp_image image{};
  image.struct_size = sizeof image;
  image.data = data;
  image.width = 4;
  image.height = 3;
  return image;
}

TEST(Pictures, HaveCompactRowsUnlessAStrideIsGiven) {
  const std::array<float, 64> pixels{};
  inference_exp_image image = picture(pixels.data());
  EXPECT_EQ(image_views(&image, 1).front().row_stride, 12);
  image.format = INFERENCE_EXP_FORMAT_RGBA;
  image.type = INFERENCE_EXP_PIXEL_F32;
  const ImageView view = image_views(&image, 1).front();
  EXPECT_EQ(view.row_stride, 64);
  EXPECT_EQ(view.format, PixelFormat::rgba);
  EXPECT_EQ(view.type, PixelType::f32);
  EXPECT_EQ(view.size, (Size{4, 3}));
  EXPECT_EQ(static_cast<const void*>(view.data), pixels.data());
  image.row_stride = -80;
  EXPECT_EQ(image_views(&image, 1).front().row_stride, -80);
}

TEST(Pictures, OfALaterVersionLieFurtherApart) {
  struct LaterImage {
    inference_exp_image known;
    std::int64_t new_member;
  };
  const std::array<std::uint8_t, 64> pixels{};
  std::array<LaterImage, 2> images{{{picture(pixels.data()), 0}, {picture(pixels.data()), 0}}};
  images[0].known.struct_size = images[1].known.struct_size = sizeof(LaterImage);
  images[1].known.width = 2;
  const auto views = image_views(&images[0].known, 2);
  EXPECT_EQ(views[0].size, (Size{4, 3}));
  EXPECT_EQ(views[1].size, (Size{2, 3}));
  images[1].known.struct_size = sizeof(inference_exp_image);
  EXPECT_THROW((void)image_views(&images[0].known, 2), InvalidParameterError);
}

TEST(Pictures, OfUnknownFormatOrTypeAreRefused) {
  const std::array<std::uint8_t, 64> pixels{};
  inference_exp_image image = picture(pixels.data());
  image.format = 5;
  EXPECT_THROW((void)image_views(&image, 1), ModelInputError);
  image.format = -1;
  EXPECT_THROW((void)image_views(&image, 1), ModelInputError);
  image.format = INFERENCE_EXP_FORMAT_BGR;
  image.type = 2;
  EXPECT_THROW((void)image_views(&image, 1), ModelInputError);
}

TEST(Pictures, MayBeNone) {
  EXPECT_TRUE(image_views(nullptr, 0).empty());
  EXPECT_THROW((void)image_views(nullptr, 1), InvalidParameterError);
}

}  // namespace
}  // namespace inference_exp::c_api
