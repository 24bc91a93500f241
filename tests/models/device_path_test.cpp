// The whole way of a picture over the device gives what the way over the host gives, to the bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"
#include "models/device_session.hpp"
#include "models/rfdetr_fixtures.hpp"
#include "models/yolo_fixtures.hpp"
#include "support/cuda/stand_in_driver.hpp"
#include "support/cuda/vision_kernels.hpp"
#include "vision/cuda/kernels.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::int32_t kSide = 64;
constexpr std::int64_t kAnchors = 84;
constexpr std::size_t kClasses = 3;

test::StandInDriver& driver_with_kernels() {
  static test::StandInDriver& driver = []() -> test::StandInDriver& {
    test::StandInDriver& opened = test::use_stand_in_driver();
    opened.set_devices(1, "Stand-in GPU", 8, 9);
    test::register_vision_kernels(opened);
    static constexpr unsigned char kUnread[] = {0};
    (void)vision::gpu::Kernels::install(cuda::Context::of_device(0), kUnread);
    return opened;
  }();
  return driver;
}

/// Boxes all over the picture; a third of the scores are above a half.
void answer_grid(std::uint32_t seed, std::size_t extra, std::span<float> values) {
  Lcg random(seed);
  const std::size_t rows = 4 + kClasses + extra;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t row = i / (values.size() / rows);
    const float value = random.uniform();
    values[i] = row < 2 ? value * kSide : row < 4 ? 4 + value * 20 : row < 4 + kClasses ? value * 0.75F : value - 0.5F;
  }
}

models::ModelInit yolo_on(std::optional<int> device, std::string task, std::size_t extra,
                          std::vector<runtime::TensorSpec> more = {}) {
  std::vector<runtime::TensorSpec> outputs{
      {"output0", DType::f32, {-1, static_cast<std::int64_t>(4 + kClasses + extra), kAnchors}}};
  outputs.insert(outputs.end(), more.begin(), more.end());
  models::ModelInit init;
  init.session = std::make_shared<SeededSession>(
      Shape{-1, 3, kSide, kSide}, std::move(outputs),
      [extra](std::size_t output, std::uint32_t seed, std::span<float> values) {
        if (output == 0) return answer_grid(seed, extra, values);
        Lcg random(seed);
        for (float& value : values) value = random.uniform() - 0.5F;
      },
      device);
  init.architecture = "yolov8";
  init.task = std::move(task);
  init.config = letterbox_config(kSide);
  init.class_names = numbered_classes(kClasses);
  return init;
}

struct Picture {
  Picture(std::uint32_t seed, Size picture) : size(picture) {
    Lcg random(seed);
    pixels.resize(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3);
    for (std::uint8_t& value : pixels) value = random.byte();
  }
  [[nodiscard]] ImageView view() const { return ImageView::from_u8(pixels.data(), size, PixelFormat::bgr); }
  Size size;
  std::vector<std::uint8_t> pixels;
};

std::vector<Picture> pictures() {
  std::vector<Picture> all;
  std::uint32_t seed = 1;
  for (const Size size : {Size{64, 64}, Size{97, 40}, Size{33, 120}, Size{1, 1}, Size{200, 151}}) {
    all.emplace_back(seed++, size);
  }
  return all;
}

std::vector<ImageView> views(const std::vector<Picture>& pictures) {
  std::vector<ImageView> all;
  for (const Picture& picture : pictures) all.push_back(picture.view());
  return all;
}

void expect_same(const Detections& on_device, const Detections& on_host) { EXPECT_TRUE(on_device == on_host); }

class DevicePathTest : public ::testing::Test {
 protected:
  DevicePathTest() { driver_.reset(); }
  ~DevicePathTest() override { driver_.reset(); }
  test::StandInDriver& driver_ = driver_with_kernels();
};

TEST_F(DevicePathTest, YoloDetectionsAreThoseOfTheHost) {
  const auto on_device = make<ObjectDetectionModel>(yolo_on(0, "object-detection", 0));
  const auto on_host = make<ObjectDetectionModel>(yolo_on(std::nullopt, "object-detection", 0));
  const std::vector<Picture> images = pictures();
  for (const std::size_t count : {1U, 5U}) {
    std::vector<ImageView> batch = views(images);
    batch.resize(count);
    const std::vector<Detections> device = on_device->infer(batch);
    const std::vector<Detections> host = on_host->infer(batch);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_GT(host[i].size(), 0U) << "nothing is compared";
      expect_same(device[i], host[i]);
    }
  }
  EXPECT_GT(driver_.calls("cuLaunchKernel"), 0) << "the device was not used";
}

TEST_F(DevicePathTest, OptionsOfACallHoldOnTheDevice) {
  const auto on_device = make<ObjectDetectionModel>(yolo_on(0, "object-detection", 0));
  const auto on_host = make<ObjectDetectionModel>(yolo_on(std::nullopt, "object-detection", 0));
  const Picture picture(7, {150, 90});
  std::vector<InferenceOptions> all(5);
  all[0].confidence = 0.7;
  all[1].iou_threshold = 0.9;
  all[2].max_detections = 3;
  all[3].class_agnostic_nms = true;
  all[4].per_class_confidence = {{"class 1", 0.74}};
  for (const InferenceOptions& options : all) {
    expect_same(on_device->infer(picture.view(), options), on_host->infer(picture.view(), options));
  }
}

TEST_F(DevicePathTest, RecipesThatTheDeviceDoesNotKnowGoOverTheHost) {
  models::ModelInit device_init = yolo_on(0, "object-detection", 0);
  models::ModelInit host_init = yolo_on(std::nullopt, "object-detection", 0);
  for (models::ModelInit* init : {&device_init, &host_init}) init->config.image_pre_processing.grayscale = true;
  const auto on_device = make<ObjectDetectionModel>(std::move(device_init));
  const Picture picture(3, {80, 80});
  // The seeded session answers on the device only: over the host its requests give nothing that fits.
  EXPECT_THROW((void)on_device->infer(picture.view()), ModelRuntimeError);
  EXPECT_EQ(driver_.calls("cuLaunchKernel"), 0);
}

bool same_masks(const InstanceDetections& a, const InstanceDetections& b) {
  if (const auto* run_lengths = std::get_if<RleMasks>(&a.masks)) return *run_lengths == std::get<RleMasks>(b.masks);
  const auto& left = std::get<DenseMasks>(a.masks);
  const auto& right = std::get<DenseMasks>(b.masks);
  if (left.count() != right.count()) return false;
  for (std::size_t i = 0; i < left.count(); ++i) {
    if (!std::ranges::equal(left.mask(i), right.mask(i))) return false;
  }
  return true;
}

TEST_F(DevicePathTest, MasksAreThoseOfTheHost) {
  const std::vector<runtime::TensorSpec> prototypes{{"output1", DType::f32, {-1, 8, 16, 16}}};
  const auto on_device = make<InstanceSegmentationModel>(yolo_on(0, "instance-segmentation", 8, prototypes));
  const auto on_host = make<InstanceSegmentationModel>(yolo_on(std::nullopt, "instance-segmentation", 8, prototypes));
  const std::vector<Picture> images = pictures();
  for (const MaskFormat format : {MaskFormat::rle, MaskFormat::dense}) {
    InferenceOptions options;
    options.mask_format = format;
    const std::vector<InstanceDetections> device = on_device->infer(views(images), options);
    const std::vector<InstanceDetections> host = on_host->infer(views(images), options);
    for (std::size_t i = 0; i < images.size(); ++i) {
      expect_same(device[i].detections, host[i].detections);
      EXPECT_TRUE(same_masks(device[i], host[i]));
    }
  }
}

TEST_F(DevicePathTest, KeyPointsAreThoseOfTheHost) {
  const auto with_skeletons = [](models::ModelInit init) {
    init.skeletons.assign(kClasses, {.key_point_names = {"a", "b"}, .edges = {}});
    return init;
  };
  const auto on_device = make<KeyPointDetectionModel>(with_skeletons(yolo_on(0, "keypoint-detection", 6)));
  const auto on_host = make<KeyPointDetectionModel>(with_skeletons(yolo_on(std::nullopt, "keypoint-detection", 6)));
  const Picture picture(11, {130, 70});
  const KeyPoints device = on_device->infer(picture.view());
  const KeyPoints host = on_host->infer(picture.view());
  expect_same(device.detections, host.detections);
  EXPECT_EQ(device.points, host.points);
}

models::ModelInit rfdetr_on(std::optional<int> device) {
  models::ModelInit init;
  init.session = std::make_shared<SeededSession>(
      Shape{-1, 3, kSide, kSide},
      std::vector<runtime::TensorSpec>{{"dets", DType::f32, {-1, 40, 4}},
                                       {"labels", DType::f32, {-1, 40, static_cast<std::int64_t>(kClasses)}}},
      [](std::size_t output, std::uint32_t seed, std::span<float> values) {
        Lcg random(seed);
        for (float& value : values) value = output == 0 ? 0.1F + 0.8F * random.uniform() : 4 * random.uniform() - 3;
      },
      device);
  init.architecture = "rfdetr";
  init.task = "object-detection";
  init.config = stretch_config(kSide);
  init.class_names = numbered_classes(kClasses);
  return init;
}

TEST_F(DevicePathTest, RfdetrDetectionsAreThoseOfTheHost) {
  const auto on_device = make<ObjectDetectionModel>(rfdetr_on(0));
  const auto on_host = make<ObjectDetectionModel>(rfdetr_on(std::nullopt));
  const std::vector<Picture> images = pictures();
  const std::vector<Detections> device = on_device->infer(views(images));
  const std::vector<Detections> host = on_host->infer(views(images));
  for (std::size_t i = 0; i < images.size(); ++i) {
    EXPECT_GT(host[i].size(), 0U) << "nothing is compared";
    expect_same(device[i], host[i]);
  }
  EXPECT_GT(driver_.calls("cuLaunchKernel"), 0) << "the device was not used";
}

TEST_F(DevicePathTest, AModelStaysUsableAfterAFailureOfTheDevice) {
  const auto on_device = make<ObjectDetectionModel>(yolo_on(0, "object-detection", 0));
  const auto on_host = make<ObjectDetectionModel>(yolo_on(std::nullopt, "object-detection", 0));
  const Picture picture(5, {90, 90});
  driver_.fail("cuMemAlloc_v2", cuda::kOutOfMemory);
  EXPECT_THROW((void)on_device->infer(picture.view()), OutOfDeviceMemoryError);
  expect_same(on_device->infer(picture.view()), on_host->infer(picture.view()));
  for (const char* const call : {"cuLaunchKernel", "cuMemcpyHtoDAsync_v2", "cuStreamSynchronize"}) {
    driver_.fail(call, 700);
    EXPECT_THROW((void)on_device->infer(picture.view()), ModelRuntimeError) << call;
    expect_same(on_device->infer(picture.view()), on_host->infer(picture.view()));
  }
}

TEST_F(DevicePathTest, ManyThreadsGetWhatOneGets) {
  const auto on_device = make<ObjectDetectionModel>(yolo_on(0, "object-detection", 0));
  const auto on_host = make<ObjectDetectionModel>(yolo_on(std::nullopt, "object-detection", 0));
  const std::vector<Picture> images = pictures();
  const std::vector<Detections> host = on_host->infer(views(images));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int run = 0; run < 10; ++run) {
        const std::vector<Detections> device = on_device->infer(views(images));
        for (std::size_t i = 0; i < images.size(); ++i) expect_same(device[i], host[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace inference_exp::testing
