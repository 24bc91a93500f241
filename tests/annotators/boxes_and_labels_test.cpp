#include <opencv2/imgproc.hpp>

#include "annotators/pictures.hpp"
#include "inference_exp/annotators.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::testing {
namespace {

const std::vector<std::string> kNames{"cat", "dog"};

cv::Rect changed_region(const cv::Mat& before, const cv::Mat& after) {
  cv::Mat difference;
  cv::absdiff(before, after, difference);
  return cv::boundingRect(difference.reshape(1, difference.rows) != 0);
}

TEST(DrawBoxes, DrawsARectangleInTheColourOfTheClass) {
  cv::Mat picture = gray_picture();
  draw_boxes(picture, Detections({{20, 30, 80, 90}, {100, 30, 150, 90}}, {0, 1}, {0.9F, 0.8F}));
  EXPECT_EQ(picture.at<cv::Vec3b>(30, 50), kClass0);
  EXPECT_EQ(picture.at<cv::Vec3b>(60, 20), kClass0);
  EXPECT_EQ(picture.at<cv::Vec3b>(90, 125), kClass1);
  EXPECT_EQ(picture.at<cv::Vec3b>(60, 50), kGray) << "the inside stays as it was";
}

TEST(DrawBoxes, ColoursRepeatAfterTheLastOne) {
  cv::Mat picture = gray_picture();
  draw_boxes(picture, one_box({20, 30, 80, 90}, 21));
  EXPECT_EQ(picture.at<cv::Vec3b>(30, 50), kClass0);
}

TEST(DrawBoxes, ABoxThatLeavesThePictureIsCut) {
  cv::Mat picture = gray_picture();
  draw_boxes(picture, one_box({-50, 30, 500, 90}));
  EXPECT_EQ(picture.at<cv::Vec3b>(30, 0), kClass0);
  EXPECT_EQ(picture.at<cv::Vec3b>(60, 0), kGray);
}

TEST(DrawBoxes, NoDetectionsLeaveThePictureUnchanged) {
  cv::Mat picture = gray_picture();
  draw_boxes(picture, {});
  draw_labels(picture, {}, kNames);
  EXPECT_TRUE(same_pixels(picture, gray_picture()));
}

TEST(DrawBoxes, OnlyEightBitBgrPicturesAreDrawnInto) {
  cv::Mat gray(10, 10, CV_8UC1);
  cv::Mat deep(10, 10, CV_16UC3);
  cv::Mat nothing;
  EXPECT_THROW(draw_boxes(gray, {}), ModelInputError);
  EXPECT_THROW(draw_labels(deep, {}, kNames), ModelInputError);
  EXPECT_THROW(draw_boxes(nothing, {}), ModelInputError);
}

TEST(DrawLabels, ThePlateLiesAboveTheBoxFlushWithItsLeftSide) {
  cv::Mat picture = gray_picture();
  draw_labels(picture, one_box({20, 80, 100, 140}), kNames);
  EXPECT_EQ(picture.at<cv::Vec3b>(78, 21), kClass0);
  EXPECT_EQ(picture.at<cv::Vec3b>(81, 21), kGray);
  EXPECT_EQ(picture.at<cv::Vec3b>(78, 18), kGray);
}

TEST(DrawLabels, ThePlateStaysInsideThePicture) {
  const cv::Mat before = gray_picture();
  for (const Box corner : {Box{0, 0, 30, 30}, Box{190, 0, 199, 30}, Box{-40, -20, 30, 30}, Box{195, 149, 400, 400}}) {
    cv::Mat picture = before.clone();
    draw_labels(picture, one_box(corner), kNames);
    const cv::Rect plate = changed_region(before, picture);
    EXPECT_GT(plate.width, 60) << "the whole plate is visible";
    EXPECT_GT(plate.height, 25);
  }
}

TEST(DrawLabels, AClassWithoutANameIsLabelledByItsNumber) {
  cv::Mat named = gray_picture();
  cv::Mat numbered = gray_picture();
  const std::vector<std::string> names_that_say_7{"0", "1", "2", "3", "4", "5", "6", "7"};
  draw_labels(named, one_box({20, 80, 100, 140}, 7), names_that_say_7);
  draw_labels(numbered, one_box({20, 80, 100, 140}, 7), kNames);
  EXPECT_TRUE(same_pixels(named, numbered));
}

TEST(DrawLabels, TextIsDarkOnLightColours) {
  cv::Mat picture = gray_picture();
  draw_labels(picture, one_box({20, 80, 100, 140}, 5), kNames);  // 0xD1D435, a light yellow
  cv::Mat dark;
  cv::inRange(picture, cv::Scalar::all(0), cv::Scalar::all(40), dark);
  EXPECT_GT(cv::countNonZero(dark), 10);
}

TEST(StyleFor, GrowsWithThePicture) {
  EXPECT_EQ(style_for({1280, 720}).box_thickness, 2);
  EXPECT_EQ(style_for({1920, 1080}).box_thickness, 4);
  EXPECT_DOUBLE_EQ(style_for({1920, 1080}).text_scale, 1.08);
  EXPECT_GT(style_for({64, 64}).text_scale, 0.3) << "small pictures still get text that can be read";
}

}  // namespace
}  // namespace inference_exp::testing
