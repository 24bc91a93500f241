#include "annotators/pictures.hpp"
#include "inference_exp/annotators.hpp"

namespace inference_exp::testing {
namespace {

const std::vector<Skeleton> kStick{{{"head", "hip", "foot"}, {{0, 1}, {1, 2}}}};

KeyPoints stick_figure(KeyPoint head, KeyPoint hip, KeyPoint foot) {
  return {one_box({10, 10, 150, 140}), 3, {head, hip, foot}};
}

TEST(DrawKeyPoints, DrawsPointsAndTheEdgesBetweenThem) {
  cv::Mat picture = gray_picture();
  draw_key_points(picture, stick_figure({50, 20, 0.9F}, {50, 70, 0.8F}, {90, 120, 0.7F}), kStick);
  EXPECT_EQ(picture.at<cv::Vec3b>(20, 50), kClass0);
  EXPECT_EQ(picture.at<cv::Vec3b>(20, 53), kClass0) << "a point has a radius of 4";
  EXPECT_EQ(picture.at<cv::Vec3b>(45, 50), kClass0) << "head to hip";
  EXPECT_EQ(picture.at<cv::Vec3b>(20, 60), kGray);
}

TEST(DrawKeyPoints, AnEmptySlotGetsNeitherPointNorEdge) {
  cv::Mat picture = gray_picture();
  draw_key_points(picture, stick_figure({50, 20, 0.9F}, {0, 0, 0.0F}, {90, 120, 0.7F}), kStick);
  EXPECT_EQ(picture.at<cv::Vec3b>(0, 0), kGray);
  EXPECT_EQ(picture.at<cv::Vec3b>(45, 50), kGray);
  EXPECT_EQ(picture.at<cv::Vec3b>(120, 90), kClass0);
}

TEST(DrawKeyPoints, EdgesToPointsThatDoNotExistAreLeftOut) {
  cv::Mat picture = gray_picture();
  const std::vector<Skeleton> broken{{{"head"}, {{0, 17}, {-1, 0}}}};
  EXPECT_NO_THROW(draw_key_points(picture, stick_figure({50, 20, 0.9F}, {50, 70, 0.8F}, {90, 120, 0.7F}), broken));
  EXPECT_NO_THROW(draw_key_points(picture, stick_figure({50, 20, 0.9F}, {50, 70, 0.8F}, {90, 120, 0.7F}), {}));
}

TEST(DrawKeyPoints, NoInstancesLeaveThePictureUnchanged) {
  cv::Mat picture = gray_picture();
  draw_key_points(picture, {}, kStick);
  EXPECT_TRUE(same_pixels(picture, gray_picture()));
}

}  // namespace
}  // namespace inference_exp::testing
