#include "packages/trt_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packages/errors.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::AllOf;
using testing::corruption;
using ::testing::HasSubstr;

TrtConfig parse(std::string_view text) { return parse_trt_config(text, "trt_config.json"); }

std::string dynamic(std::string_view min, std::string_view opt, std::string_view max) {
  return "{\"dynamic_batch_size_min\": " + std::string(min) + ", \"dynamic_batch_size_opt\": " + std::string(opt) +
         ", \"dynamic_batch_size_max\": " + std::string(max) + "}";
}

TEST(TrtConfig, OfAFixedBatchSize) {
  EXPECT_EQ(parse(R"({"static_batch_size": 4})"),
            (TrtConfig{.dynamic = false, .min_batch_size = 4, .opt_batch_size = 4, .max_batch_size = 4}));
}

TEST(TrtConfig, OfARange) {
  EXPECT_EQ(parse(dynamic("1", "8", "16")),
            (TrtConfig{.dynamic = true, .min_batch_size = 1, .opt_batch_size = 8, .max_batch_size = 16}));
  EXPECT_EQ(parse(dynamic("2", "2", "2")),
            (TrtConfig{.dynamic = true, .min_batch_size = 2, .opt_batch_size = 2, .max_batch_size = 2}));
}

TEST(TrtConfig, AFixedSizeWinsAndTheRestIsIgnored) {
  const TrtConfig config = parse(R"({"static_batch_size": 2, "dynamic_batch_size_min": "?", "more": []})");
  EXPECT_EQ(config.max_batch_size, 2);
  EXPECT_FALSE(config.dynamic);
}

TEST(TrtConfig, ANullCountsAsAbsent) {
  const TrtConfig config =
      parse(R"({"static_batch_size": null, "dynamic_batch_size_min": 1, "dynamic_batch_size_opt": 2,
                "dynamic_batch_size_max": 3})");
  EXPECT_TRUE(config.dynamic);
}

TEST(TrtConfig, AFixedSizeIsAtLeastOne) {
  for (const char* size : {"0", "-1", "1.5", "\"one\"", "true", "4294967297", "[]"}) {
    EXPECT_THAT(corruption([&] { (void)parse("{\"static_batch_size\": " + std::string(size) + "}"); }),
                AllOf(HasSubstr("trt_config.json"), HasSubstr("static_batch_size"), HasSubstr("at least 1")))
        << size;
  }
}

TEST(TrtConfig, ARangeIsAscending) {
  EXPECT_THAT(corruption([] { (void)parse(dynamic("0", "1", "2")); }), HasSubstr("dynamic_batch_size_min"));
  EXPECT_THAT(corruption([] { (void)parse(dynamic("9", "8", "16")); }), HasSubstr("dynamic_batch_size_opt"));
  EXPECT_THAT(corruption([] { (void)parse(dynamic("1", "17", "16")); }), HasSubstr("dynamic_batch_size_max"));
}

TEST(TrtConfig, ARangeIsComplete) {
  EXPECT_THAT(corruption([] { (void)parse("{}"); }), HasSubstr("dynamic_batch_size_min is missing"));
  EXPECT_THAT(corruption([] { (void)parse(dynamic("1", "null", "2")); }),
              HasSubstr("dynamic_batch_size_opt is missing"));
  EXPECT_THAT(corruption([] { (void)parse(dynamic("1", "1", "null")); }),
              HasSubstr("dynamic_batch_size_max is missing"));
}

TEST(TrtConfig, OtherDocumentsAreRefused) {
  for (const char* text : {"", "{", "[]", "null", "4"}) {
    EXPECT_THAT(corruption([&] { (void)parse(text); }), HasSubstr("trt_config.json")) << text;
  }
}

}  // namespace
}  // namespace inference_exp::packages
