#include "runtime/probe_libraries.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace inference_exp::runtime {
namespace {

std::string stand_in(const std::string& behaviour) { return STAND_IN_GPU_LIBRARIES "/gpu_" + behaviour + ".so"; }

/// Opened, but with none of the symbols.
const std::string kOtherLibrary = "libm.so.6";

class ProbeLibraries : public ::testing::Test {
 protected:
  /// A missing file first: the next name is tried.
  static std::array<const char*, 2> names(const std::string& library) {
    return {"/no such library.so", library.c_str()};
  }
};

TEST_F(ProbeLibraries, AskTheDriverForEachGpu) {
  const std::string library = stand_in("two_gpus");
  const std::optional<CudaDriver> driver = ask_cuda_driver(names(library));
  ASSERT_TRUE(driver.has_value());
  EXPECT_EQ(driver->version, 12040);
  EXPECT_EQ(driver->error, 0);
  ASSERT_EQ(driver->devices.size(), 2U);
  EXPECT_EQ(driver->devices[0].name, "Tesla T4");
  EXPECT_EQ(driver->devices[0].cc_major, 7);
  EXPECT_EQ(driver->devices[0].cc_minor, 5);
  EXPECT_EQ(driver->devices[1].name, "NVIDIA L4");
  EXPECT_EQ(driver->devices[1].cc_major, 8);
  EXPECT_EQ(driver->devices[1].cc_minor, 9);
}

TEST_F(ProbeLibraries, ADriverWithoutGpusIsNoFault) {
  const std::string library = stand_in("no_gpu");
  const std::optional<CudaDriver> driver = ask_cuda_driver(names(library));
  ASSERT_TRUE(driver.has_value());
  EXPECT_TRUE(driver->devices.empty());
  EXPECT_EQ(driver->error, 0);
  EXPECT_EQ(driver->version, 12040);
}

TEST_F(ProbeLibraries, ADriverThatDoesNotStartSaysWhy) {
  const std::string library = stand_in("broken");
  const std::optional<CudaDriver> driver = ask_cuda_driver(names(library));
  ASSERT_TRUE(driver.has_value());
  EXPECT_TRUE(driver->devices.empty());
  EXPECT_EQ(driver->error, 999);
}

TEST_F(ProbeLibraries, AskForVersions) {
  const std::string library = stand_in("two_gpus");
  EXPECT_EQ(ask_cuda_runtime(names(library)), 12020);
  const std::optional<TensorRtLibrary> tensorrt = ask_tensorrt(names(library));
  ASSERT_TRUE(tensorrt.has_value());
  EXPECT_EQ(tensorrt->version, 100300);
  EXPECT_EQ(tensorrt->build, 30);
}

TEST_F(ProbeLibraries, AnErrorIsNoVersion) {
  const std::string library = stand_in("broken");
  EXPECT_EQ(ask_cuda_runtime(names(library)), std::nullopt);
}

TEST_F(ProbeLibraries, MissingOnesSayNothing) {
  constexpr std::array<const char*, 1> kMissing{"/no such library.so"};
  EXPECT_FALSE(ask_cuda_driver(kMissing).has_value());
  EXPECT_FALSE(ask_cuda_runtime(kMissing).has_value());
  EXPECT_FALSE(ask_tensorrt(kMissing).has_value());
}

TEST_F(ProbeLibraries, OnesWithoutTheSymbolsAreOpenAndSayNothing) {
  const std::optional<CudaDriver> driver = ask_cuda_driver(names(kOtherLibrary));
  ASSERT_TRUE(driver.has_value());
  EXPECT_TRUE(driver->devices.empty());
  EXPECT_EQ(driver->version, std::nullopt);
  EXPECT_EQ(ask_cuda_runtime(names(kOtherLibrary)), std::nullopt);
  const std::optional<TensorRtLibrary> tensorrt = ask_tensorrt(names(kOtherLibrary));
  ASSERT_TRUE(tensorrt.has_value());
  EXPECT_EQ(tensorrt->version, std::nullopt);
}

}  // namespace
}  // namespace inference_exp::runtime
