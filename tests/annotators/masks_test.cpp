#include "annotators/pictures.hpp"
#include "inference_exp/annotators.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::testing {
namespace {

constexpr Size kSize{200, 150};

void fill(DenseMasks& masks, std::size_t i, Box box) {
  for (int y = box.y_min; y < box.y_max; ++y) {
    for (int x = box.x_min; x < box.x_max; ++x) masks.mask(i)[static_cast<std::size_t>(y * kSize.width + x)] = 1;
  }
}

InstanceDetections one_instance(Box box, Box filled) {
  DenseMasks masks(1, kSize);
  fill(masks, 0, filled);
  return {one_box(box), std::move(masks)};
}

cv::Vec3b half(const cv::Vec3b& a, const cv::Vec3b& b) {
  cv::Vec3b mixed;
  for (int i = 0; i < 3; ++i) mixed[i] = cv::saturate_cast<std::uint8_t>(a[i] * 0.5 + b[i] * 0.5);
  return mixed;
}

TEST(DrawMasks, BlendsTheColourOfTheClassWhereTheMaskIsSet) {
  cv::Mat picture = gray_picture();
  draw_masks(picture, one_instance({20, 30, 80, 90}, {40, 40, 60, 60}));
  EXPECT_EQ(picture.at<cv::Vec3b>(50, 50), half(kClass0, kGray));
  EXPECT_EQ(picture.at<cv::Vec3b>(35, 25), kGray) << "in the box, but not in the mask";
}

TEST(DrawMasks, OpacityOneCoversThePicture) {
  cv::Mat picture = gray_picture();
  draw_masks(picture, one_instance({20, 30, 80, 90}, {40, 40, 60, 60}), {.mask_opacity = 1.0});
  EXPECT_EQ(picture.at<cv::Vec3b>(50, 50), kClass0);
}

TEST(DrawMasks, SmallerMasksLieOnTopAndColoursDoNotAddUp) {
  DenseMasks masks(2, kSize);
  fill(masks, 0, {40, 40, 50, 50});
  fill(masks, 1, {20, 20, 100, 100});
  const InstanceDetections instances{Detections({{40, 40, 50, 50}, {20, 20, 100, 100}}, {1, 0}, {0.9F, 0.8F}),
                                     std::move(masks)};
  cv::Mat picture = gray_picture();
  draw_masks(picture, instances);
  EXPECT_EQ(picture.at<cv::Vec3b>(45, 45), half(kClass1, kGray));
  EXPECT_EQ(picture.at<cv::Vec3b>(80, 80), half(kClass0, kGray));
}

TEST(DrawMasks, RunLengthsGiveTheSamePixelsAsDenseMasks) {
  const Box box{20, 30, 80, 90};
  const InstanceDetections dense = one_instance(box, {40, 40, 60, 60});
  const auto& mask = std::get<DenseMasks>(dense.masks);
  const InstanceDetections runs{one_box(box), RleMasks{kSize, {encode_rle(mask.mask(0), kSize)}}};
  cv::Mat from_dense = gray_picture();
  cv::Mat from_runs = gray_picture();
  draw_masks(from_dense, dense);
  draw_masks(from_runs, runs);
  EXPECT_TRUE(same_pixels(from_dense, from_runs));
  EXPECT_FALSE(same_pixels(from_runs, gray_picture()));
}

TEST(DrawMasks, MasksOfAnotherSizeAreRefused) {
  cv::Mat picture = gray_picture(100, 100);
  EXPECT_THROW(draw_masks(picture, one_instance({20, 30, 80, 90}, {40, 40, 60, 60})), InvalidParameterError);
}

TEST(DrawMasks, AMaskTooFewIsRefused) {
  cv::Mat picture = gray_picture();
  const InstanceDetections instances{one_box({20, 30, 80, 90}), DenseMasks(0, kSize)};
  EXPECT_THROW(draw_masks(picture, instances), InvalidParameterError);
}

TEST(DrawMasks, NoInstancesLeaveThePictureUnchanged) {
  cv::Mat picture = gray_picture();
  draw_masks(picture, {});
  draw_masks(picture, {Detections{}, RleMasks{{640, 480}, {}}});
  EXPECT_TRUE(same_pixels(picture, gray_picture()));
}

}  // namespace
}  // namespace inference_exp::testing
