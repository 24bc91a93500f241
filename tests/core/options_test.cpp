#include "core/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using ::testing::ExitedWithCode;
using ::testing::IsEmpty;

TEST(SplitList, AtTheSeparatorWithoutBlanksAndEmptyParts) {
  EXPECT_THAT(split_list("a,b,c", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list(" a , b b ,,\t,c\n", ','), ElementsAre("a", "b b", "c"));
  EXPECT_THAT(split_list("/usr/lib:/opt/lib:", ':'), ElementsAre("/usr/lib", "/opt/lib"));
}

TEST(SplitList, OfNothingIsNothing) {
  for (const char* text : {"", " ", ",", " , ,", "\t\r\n"}) EXPECT_THAT(split_list(text, ','), IsEmpty()) << text;
}

TEST(SplitList, OfOnePartIsThatPart) { EXPECT_THAT(split_list("only", ','), ElementsAre("only")); }

TEST(Options, AreReadOnce) { EXPECT_EQ(&options(), &options()); }

int outcome_of_named_libraries() {
  setenv("INFERENCE_EXP_CUDA_DRIVER", " /opt/driver/libcuda.so.1 ", 1);
  setenv("INFERENCE_EXP_TENSORRT", "/opt/tensorrt/libnvinfer.so.10\n", 1);
  if (options().cuda_driver != "/opt/driver/libcuda.so.1") return 1;
  return options().tensorrt_library == "/opt/tensorrt/libnvinfer.so.10" ? 0 : 2;
}

int outcome_without_variables() {
  unsetenv("INFERENCE_EXP_CUDA_DRIVER");
  unsetenv("INFERENCE_EXP_TENSORRT");
  return options().cuda_driver.empty() && options().tensorrt_library.empty() ? 0 : 1;
}

// In processes of their own: the environment is read once.
TEST(Options, NameLibrariesToOpen) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(outcome_of_named_libraries()), ExitedWithCode(0), "");
  EXPECT_EXIT(std::exit(outcome_without_variables()), ExitedWithCode(0), "");
}

}  // namespace
}  // namespace inference_exp
