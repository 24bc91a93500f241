#include "core/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
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

}  // namespace
}  // namespace inference_exp
