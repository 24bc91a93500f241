// The plain linear resampler against the OpenCV that is installed.
#include <gtest/gtest.h>

#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <random>

#include "vision/contrast.hpp"
#include "vision/resize_reference.hpp"

namespace inference_exp::vision {
namespace {

class AgainstOpenCv : public ::testing::Test {
 protected:
  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }

  Raster<std::uint8_t> noise(Size size) {
    Raster<std::uint8_t> image(size, 0);
    for (auto& value : image.values) value = static_cast<std::uint8_t>(random_());
    return image;
  }

 private:
  std::mt19937 random_{20240607};
};

cv::Mat as_mat(Raster<std::uint8_t>& image) {
  return {image.size.height, image.size.width, CV_8UC3, image.values.data()};
}

TEST_F(AgainstOpenCv, LinearResizeIsEqualToTheBit) {
  for (int round = 0; round < 400; ++round) {
    Raster<std::uint8_t> image = noise({pick(1, 300), pick(1, 200)});
    const Size target{pick(1, 300), pick(1, 200)};
    cv::Mat expected;
    cv::resize(as_mat(image), expected, {target.width, target.height}, 0, 0, cv::INTER_LINEAR);
    const auto actual = resize_linear_reference(image, target);
    ASSERT_EQ(std::memcmp(actual.values.data(), expected.data, actual.values.size()), 0)
        << image.size.width << "x" << image.size.height << " to " << target.width << "x" << target.height;
  }
}

TEST_F(AgainstOpenCv, LinearResizeIsEqualToTheBitForCameraSizes) {
  for (const Size source : {Size{1920, 1080}, Size{1280, 720}, Size{640, 480}, Size{3840, 2160}, Size{4000, 13}}) {
    for (const Size target : {Size{640, 360}, Size{640, 640}, Size{960, 540}, Size{1000, 7}}) {
      Raster<std::uint8_t> image = noise(source);
      cv::Mat expected;
      cv::resize(as_mat(image), expected, {target.width, target.height}, 0, 0, cv::INTER_LINEAR);
      const auto actual = resize_linear_reference(image, target);
      ASSERT_EQ(std::memcmp(actual.values.data(), expected.data, actual.values.size()), 0)
          << source.width << "x" << source.height << " to " << target.width << "x" << target.height;
    }
  }
}

TEST_F(AgainstOpenCv, LinearResizeOfFloatsAgrees) {
  for (int round = 0; round < 100; ++round) {
    const Raster<std::uint8_t> bytes = noise({pick(1, 100), pick(1, 100)});
    Raster<float> image(bytes.size, 0);
    image.values.assign(bytes.values.begin(), bytes.values.end());
    const Size target{pick(1, 150), pick(1, 150)};
    cv::Mat expected;
    cv::resize(cv::Mat(image.size.height, image.size.width, CV_32FC3, image.values.data()), expected,
               {target.width, target.height}, 0, 0, cv::INTER_LINEAR);
    const auto actual = resize_linear_reference(image, target);
    for (std::size_t i = 0; i < actual.values.size(); ++i) {
      ASSERT_NEAR(actual.values[i], expected.ptr<float>()[i], 1e-3);
    }
  }
}

TEST_F(AgainstOpenCv, GrayscaleIsEqualToTheBit) {
  Raster<std::uint8_t> image = noise({317, 211});
  for (const bool rgb : {false, true}) {
    cv::Mat expected;
    cv::cvtColor(as_mat(image), expected, rgb ? cv::COLOR_RGB2GRAY : cv::COLOR_BGR2GRAY);
    auto actual = image.values;
    to_grayscale(actual, rgb);
    for (std::size_t i = 0; i < expected.total(); ++i) ASSERT_EQ(actual[3 * i], expected.data[i]);
  }
}

}  // namespace
}  // namespace inference_exp::vision
