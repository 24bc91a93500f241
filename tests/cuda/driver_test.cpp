#include "cuda/driver.hpp"

#include <cstdlib>
#include <string>
#include <thread>

#include "cuda/open_driver.hpp"
#include "cuda_test.hpp"

namespace inference_exp::cuda {
namespace {

using ::testing::AllOf;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;

std::string reason_of(const std::string& file) {
  try {
    (void)open_driver(file);
    return "";
  } catch (const Unavailable& error) {
    return error.what();
  }
}

using DriverTest = CudaTest;

TEST_F(DriverTest, ADriverThatIsNotThereIsNamed) {
  EXPECT_THAT(reason_of("libno_such_driver.so.1"), HasSubstr("libno_such_driver.so.1"));
}

TEST_F(DriverTest, ALibraryWithoutAFunctionIsTooOld) {
  EXPECT_THAT(reason_of("libm.so.6"), AllOf(HasSubstr("libm.so.6"), HasSubstr("cuInit"), HasSubstr("CUDA 11.4")));
}

TEST_F(DriverTest, ADriverThatDoesNotStartSaysWhy) {
  stand_in_.fail("cuInit", kNoDevice);
  EXPECT_THAT(reason_of(STAND_IN_CUDA_DRIVER), AllOf(HasSubstr("cuInit"), HasSubstr("CUDA_ERROR_NO_DEVICE")));
  EXPECT_EQ(reason_of(STAND_IN_CUDA_DRIVER), "");
}

TEST_F(DriverTest, IsOpenedOnce) {
  const Driver* first = &driver();
  std::thread([first] { EXPECT_EQ(&driver(), first); }).join();
  EXPECT_EQ(&driver(), first);
  EXPECT_EQ(first->init(0), kSuccess);
}

// Each in a process of its own, whose first call of the driver is what the test does.
class FreshDriverTest : public ::testing::Test {
 protected:
  FreshDriverTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

int outcome_without_driver() {
  setenv("INFERENCE_EXP_CUDA_DRIVER", "libno_such_driver.so.1", 1);
  if (device_count() != 0) return 1;
  try {
    (void)driver();
    return 2;
  } catch (const Unavailable& error) {
    return std::string(error.what()).find("libno_such_driver.so.1") != std::string::npos ? 0 : 3;
  }
}

TEST_F(FreshDriverTest, WithoutADriverThereAreNoDevices) {
  EXPECT_EXIT(std::exit(outcome_without_driver()), ExitedWithCode(0), "");
}

int outcome_of_second_try() {
  test::use_stand_in_driver().fail("cuInit", kNoDevice);
  if (device_count() != 0) return 1;
  return device_count() == 1 ? 0 : 2;
}

TEST_F(FreshDriverTest, WhatFailedIsTriedAgain) {
  EXPECT_EXIT(std::exit(outcome_of_second_try()), ExitedWithCode(0), "");
}

TEST_F(DriverTest, CountsDevices) {
  EXPECT_EQ(device_count(), 1);
  stand_in_.fail("cuDeviceGetCount", kNoDevice);
  EXPECT_EQ(device_count(), 0);
}

TEST_F(DriverTest, CheckPassesSuccessAndNamesTheRest) {
  EXPECT_NO_THROW(check(kSuccess, "cuAnything"));
  try {
    check(kOutOfMemory, "cuMemAlloc");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY, out of memory.");
    EXPECT_EQ(error.code(), kOutOfMemory);
    EXPECT_TRUE(error.out_of_memory());
  }
}

TEST_F(DriverTest, CodesWithoutANameAreNumbers) {
  try {
    check(12345, "cuAnything");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cuAnything: error 12345.");
    EXPECT_FALSE(error.out_of_memory());
  }
}

TEST_F(DriverTest, NamesWithoutATextStandAlone) {
  stand_in_.fail("cuGetErrorString", kInvalidValue);
  EXPECT_THROW(
      try { check(kNoDevice, "cuAnything"); } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "cuAnything: CUDA_ERROR_NO_DEVICE.");
        throw;
      },
      Error);
}

}  // namespace
}  // namespace inference_exp::cuda
