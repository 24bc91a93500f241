#include "vision/cuda/kernels.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>
#include <string>

#include "runtime/tensor_cast.hpp"
#include "vision/cuda/device.hpp"
#include "vision/cuda/device_test.hpp"

namespace inference_exp::vision::gpu {
namespace {

using KernelsTest = test::DeviceTest;

TEST_F(KernelsTest, ComeFromTheImageOfTheLibraryOrSayWhyThereAreNone) {
  const Kernels* found = Kernels::of(context());
  if (kernel_image().empty()) {
    EXPECT_EQ(found, nullptr);
    EXPECT_EQ(Kernels::problem(context()), "The library was built without CUDA kernels.");
  } else {
    EXPECT_NE(found, nullptr);
    EXPECT_EQ(Kernels::problem(context()), "");
  }
  EXPECT_EQ(Kernels::of(context()), found) << "asked again";
}

TEST_F(KernelsTest, SayWhyADeviceCannotRunThem) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "makes the stand-in's calls fail";
  if (kernel_image().empty()) GTEST_SKIP() << "built without nvcc";
  stand_in().set_devices(2, "Old GPU", 5, 2);
  const cuda::Context& old = cuda::Context::of_device(1);
  stand_in().fail("cuModuleLoadData", 209);  // no binary for this GPU
  EXPECT_EQ(Kernels::of(old), nullptr);
  EXPECT_THAT(Kernels::problem(old), ::testing::StartsWith("The CUDA kernels cannot be loaded on Old GPU: "));
  EXPECT_EQ(Kernels::of(old), nullptr) << "the answer does not change";
}

TEST_F(KernelsTest, CanBeInstalledForTests) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "installs an image that no GPU can run";
  constexpr unsigned char kUnread[] = {0};
  const Kernels& installed = Kernels::install(context(), kUnread);
  EXPECT_EQ(Kernels::of(context()), &installed);
  EXPECT_EQ(Kernels::problem(context()), "");
}

TEST_F(KernelsTest, AreNotLoadedWhereTheDriverRefusesThem) {
  if (test::tests_real_gpu()) GTEST_SKIP() << "makes the stand-in's calls fail";
  constexpr unsigned char kUnread[] = {0};
  const int live = stand_in().live_objects();
  stand_in().fail("cuModuleLoadData", 209);  // no binary for this GPU
  EXPECT_THROW(Kernels(context(), kUnread), cuda::Error);
  stand_in().fail("cuModuleGetFunction", 500, 3);  // not found
  EXPECT_THROW(Kernels(context(), kUnread), cuda::Error);
  EXPECT_EQ(stand_in().live_objects(), live);
}

TEST(KernelImage, IsAFatbin) {
  const std::span<const unsigned char> image = kernel_image();
  if (image.empty()) GTEST_SKIP() << "built without nvcc";
  ASSERT_GE(image.size(), 16U);
  const unsigned char magic[] = {0x50, 0xED, 0x55, 0xBA};
  EXPECT_TRUE(std::equal(std::begin(magic), std::end(magic), image.begin()));
}

#ifdef KERNELS_PTX  // the image itself is compressed; this is made from the same source with the same options

std::string kernels_as_text() {
  const std::ifstream file(KERNELS_PTX);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(KernelImage, HasEveryKernelThatTheLibraryAsksFor) {
  const std::string ptx = kernels_as_text();
  for (const char* name : kKernelNames) {
    EXPECT_NE(ptx.find(std::string(".entry ") + name + "("), std::string::npos) << name;
  }
}

TEST(KernelImage, RoundsAsTheCpuDoes) {
  const std::string ptx = kernels_as_text();
  ASSERT_NE(ptx.find("div.rn.f32"), std::string::npos);
  for (const char* inexact : {"fma.rn.f32", ".approx", ".ftz", "div.full"}) {
    EXPECT_EQ(ptx.find(inexact), std::string::npos) << inexact;
  }
}

#endif

TEST(DeviceArithmetic, ConvertsHalvesAsTheRuntimeDoes) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    EXPECT_EQ(bits_of(from_half(half)), bits_of(runtime::half_to_float(half))) << bits;
  }
  for (std::uint64_t bits = 0; bits < 0x100000000U; bits += 4099) {
    const float value = float_of(static_cast<std::uint32_t>(bits));
    ASSERT_EQ(to_half(value), runtime::float_to_half(value)) << bits;
  }
}

TEST(DeviceArithmetic, OrdersFloatsByTheirBits) {
  const float rising[] = {-3e38F, -1.F, -1e-40F, 0.F, 1e-40F, 0.5F, 7.F, 3e38F};
  for (std::size_t i = 0; i + 1 < std::size(rising); ++i) {
    EXPECT_LT(ordered_bits(rising[i]), ordered_bits(rising[i + 1]));
    EXPECT_EQ(from_ordered_bits(ordered_bits(rising[i])), rising[i]);
    EXPECT_GT(rank_key(rising[i], 5), rank_key(rising[i + 1], 9));
  }
  EXPECT_EQ(ordered_bits(-0.F), ordered_bits(0.F));
  EXPECT_LT(rank_key(1, 2), rank_key(1, 3));
}

}  // namespace
}  // namespace inference_exp::vision::gpu
