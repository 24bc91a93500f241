#include "core/version.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace inference_exp {
namespace {

Version version(std::string_view text) {
  const std::optional<Version> parsed = Version::parse(text);
  if (!parsed) ADD_FAILURE() << text << " is a version";
  return parsed ? *parsed : *Version::parse("0");
}

TEST(Version, ReleasesCompareNumberByNumber) {
  EXPECT_LT(version("10.3"), version("10.12"));
  EXPECT_LT(version("9.99.99"), version("10"));
  EXPECT_GT(version("10.3.0.30"), version("10.3.0.26"));
  EXPECT_EQ(version("010.03"), version("10.3"));
}

TEST(Version, ZerosAtTheEndDoNotCount) {
  EXPECT_EQ(version("10.3.0"), version("10.3"));
  EXPECT_EQ(version("10"), version("10.0.0.0"));
  EXPECT_NE(version("10.0.1"), version("10.1"));
}

TEST(Version, OfThePackageManagerIsAPostRelease) {
  EXPECT_EQ(version("10.3.0.30-1"), version("10.3.0.30.post1"));
  EXPECT_GT(version("10.3.0.30-1"), version("10.3.0.30"));
  EXPECT_LT(version("10.3.0.30-1"), version("10.3.0.31"));
  EXPECT_EQ(version("12.6.68-1").to_string(), "12.6.68.post1");
  EXPECT_EQ(version("10.3.0.30-1+cuda12.5").to_string(), "10.3.0.30.post1+cuda12.5");
}

TEST(Version, ALocalSuffixComesAfterTheBareVersion) {
  EXPECT_GT(version("2.6.0+cu124"), version("2.6.0"));
  EXPECT_LT(version("2.6.0+cu124"), version("2.6.1"));
  EXPECT_EQ(version("2.6+CU_124-x"), version("2.6.0+cu.124.x"));
}

TEST(Version, EveryStepOfTheOrder) {
  const std::vector<std::string> ascending = {
      "0.9",
      "1.0.dev3",
      "1.0a1.dev2",
      "1.0a1",
      "1.0a1.post1.dev1",
      "1.0a1.post1",
      "1.0a2",
      "1.0b1",
      "1.0b1.post1",
      "1.0rc1.dev456",
      "1.0rc1",
      "1.0rc2",
      "1.0",
      "1.0+abc",
      "1.0+abc.5",
      "1.0+abc.7",
      "1.0+5",
      "1.0+5.x",
      "1.0+5.0",
      "1.0+10",
      "1.0.post1.dev34",
      "1.0.post1",
      "1.0.post1+a",
      "1.0.post2",
      "1.0.15",
      "1.1.dev1",
      "1.1",
      "2.7.1",
      "2.8.0a0",
      "2.8.0a0+git",
      "2.8.0b3.post1",
      "2.8.0rc10",
      "2.8.0",
      "2.8.0-1",
      "1!0.5",
      "2!0",
  };
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(version(ascending[i]) <=> version(ascending[j]), i <=> j) << ascending[i] << " and " << ascending[j];
    }
  }
}

TEST(Version, SpellingsOfTheSame) {
  const std::vector<std::vector<std::string>> same = {
      {"1.0a1", "v1.0a1", "1.0-alpha.1", "1.0.ALPHA_1", "1.0_a-1", " 1.0a1\n", "1a01"},
      {"1.0b0", "1.0beta", "1.0.b", "1.0b-"},
      {"1.0rc2", "1.0c2", "1.0pre2", "1.0-preview-2", "1.0RC2"},
      {"1.0.post0", "1.0post", "1.0-rev", "1.0.r0", "1.0-0"},
      {"1.0.dev0", "1.0dev", "1.0-DEV-0", "1.dev"},
      {"1.0a0.post1", "1.0a.post1", "1.0a--1"},
      {"7!1.2.3rc4.post5.dev6+7.x", "7!1.2.3-c4-5-dev6+7_X"},
  };
  for (const std::vector<std::string>& spellings : same) {
    for (const std::string& spelling : spellings) EXPECT_EQ(version(spelling), version(spellings[0])) << spelling;
    EXPECT_EQ(version(version(spellings.back()).to_string()), version(spellings[0]));
  }
}

TEST(Version, IsWrittenInTheNormalForm) {
  EXPECT_EQ(version("V1.02.0-Alpha-3").to_string(), "1.2.0a3");
  EXPECT_EQ(version("3!1.0-c.4_rev-5.DEV+0012.Ab").to_string(), "3!1.0rc4.post5.dev0+12.ab");
  EXPECT_EQ(version("10.3.0.30.post1").to_string(), "10.3.0.30.post1");
}

TEST(Version, MajorAndMinor) {
  EXPECT_EQ(version("12.6.68-1").major(), 12U);
  EXPECT_EQ(version("12.6.68-1").minor(), 6U);
  EXPECT_EQ(version("13").minor(), 0U);
  EXPECT_TRUE(version("12.6.68").same_minor(version("12.6")));
  EXPECT_FALSE(version("12.6").same_minor(version("12.4")));
  EXPECT_FALSE(version("12.6").same_minor(version("11.6")));
}

TEST(Version, OtherTextIsNone) {
  for (const char* text : {"",           " ",          "None",
                           "unknown",    "v",          "1.",
                           ".1",         "1..2",       "1.0 2",
                           "1.0+",       "1.0+a+b",    "1.0+a..b",
                           "1.0+ä",      "-1",         "+1",
                           "1.0--1",     "1.0-1-1",    "1!",
                           "!1",         "1!2!3",      "1.x",
                           "1.0gamma1",  "1.0a1b1",    "1.0.dev1.post1",
                           "1:10.3.0-1", "1.0a1.a1",   "5.15.0-1027-tegra",
                           "\xFF",       "1.0\xC2\xB2"}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
  EXPECT_FALSE(Version::parse(std::string_view("1.0\0", 4)));
}

TEST(Version, NumbersThatFit64BitsAreKeptAndLargerOnesRefused) {
  EXPECT_EQ(version("18446744073709551615").to_string(), "18446744073709551615");
  EXPECT_LT(version("1.0+18446744073709551614"), version("1.0+18446744073709551615"));
  const std::string large = "18446744073709551616";
  for (const std::string& text : {large, "1." + large, large + "!1", "1a" + large, "1-" + large, "1.post" + large,
                                  "1.dev" + large, "1+" + large, "1+a." + large}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
}

TEST(Version, LongTextIsRefused) {
  std::string longest = "1";
  while (longest.size() < 255) longest += ".1";
  EXPECT_TRUE(Version::parse(longest));
  EXPECT_FALSE(Version::parse(longest + ".1"));
  EXPECT_FALSE(Version::parse(std::string(100'000, '9')));
}

}  // namespace
}  // namespace inference_exp
