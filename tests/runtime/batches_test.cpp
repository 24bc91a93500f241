#include "runtime/batches.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// A session that can only be asked what it is.
class DescribedSession final : public Session {
 public:
  explicit DescribedSession(std::int64_t batch, std::map<std::string, std::string, std::less<>> metadata = {})
      : inputs_{{{.name = "images", .dtype = DType::f32, .shape = {batch, 3, 2, 2}}}}, metadata_(std::move(metadata)) {}
  [[nodiscard]] std::span<const TensorSpec> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const TensorSpec> outputs() const noexcept override { return {}; }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const noexcept override {
    return metadata_;
  }
  [[nodiscard]] std::string_view backend() const noexcept override { return "described"; }
  [[nodiscard]] std::unique_ptr<InferenceRequest> create_request() const override { return nullptr; }

 private:
  std::array<TensorSpec, 1> inputs_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

void expect_limits(BatchLimits limits, std::int32_t min, std::int32_t max) {
  EXPECT_EQ(limits.min, min);
  EXPECT_EQ(limits.max, max);
}

TEST(BatchLimits, ComeFromTheNetworkFirst) {
  const DescribedSession session(4);
  expect_limits(batch_limits(session, {.max = 16}), 4, 4);
  expect_limits(batch_limits(session, {.fixed = 4}), 4, 4);
  EXPECT_THROW((void)batch_limits(session, {.fixed = 2}), CorruptedModelPackageError);
}

TEST(BatchLimits, OfADynamicNetworkComeFromThePackage) {
  const DescribedSession session(-1);
  expect_limits(batch_limits(session, {}), 1, kDefaultMaxDynamicBatch);
  expect_limits(batch_limits(session, {.max = 5}), 1, 5);
  expect_limits(batch_limits(session, {.fixed = 3}), 3, 3);
  expect_limits(batch_limits(session, {.min = 2, .max = 16}), 2, 16);
  EXPECT_THROW((void)batch_limits(session, {.max = 0}), CorruptedModelPackageError);
  EXPECT_THROW((void)batch_limits(session, {.fixed = -1}), CorruptedModelPackageError);
}

TEST(BatchLimits, WithoutAWordFromThePackageAreThoseOfTheCompiledFile) {
  const DescribedSession session(-1, {{"runtime.batch_min", "2"}, {"runtime.batch_max", "12"}});
  expect_limits(batch_limits(session, {}), 2, 12);
  expect_limits(batch_limits(session, {.min = 2, .max = 4}), 2, 4);
}

TEST(BatchLimits, BeyondThoseOfTheCompiledFileAreAContradiction) {
  const DescribedSession session(-1, {{"runtime.batch_min", "2"}, {"runtime.batch_max", "12"}});
  for (const PackageBatch& package : {PackageBatch{.min = 1, .max = 4}, PackageBatch{.min = 2, .max = 16},
                                      PackageBatch{.fixed = 1}, PackageBatch{.fixed = 13}}) {
    EXPECT_THAT([&] { (void)batch_limits(session, package); },
                ThrowsMessage<CorruptedModelPackageError>(HasSubstr("takes batches of 2 to 12")));
  }
}

TEST(BatchLimits, ACallerWhoWantsLessThanTheSmallestBatchGetsThatOne) {
  const DescribedSession session(-1);
  expect_limits(batch_limits(session, {.min = 4, .max = 2}), 4, 4);
}

TEST(BatchLimits, NonsenseInMetadataIsAsIfItWereNotThere) {
  for (const std::string text : {"", "x", "4 ", "0", "-3", "99999999999"}) {
    const DescribedSession session(-1, {{"runtime.batch_max", text}});
    expect_limits(batch_limits(session, {}), 1, kDefaultMaxDynamicBatch);
  }
}

TEST(Batches, CoverAllImagesOnceAndPadTheLast) {
  std::size_t begin = 0;
  for (const BatchPart expected : {BatchPart{0, 4, 4}, BatchPart{4, 4, 4}, BatchPart{8, 1, 2}}) {
    const BatchPart part = next_batch(begin, 9, {.min = 2, .max = 4});
    EXPECT_EQ(part.begin, expected.begin);
    EXPECT_EQ(part.count, expected.count);
    EXPECT_EQ(part.size, expected.size);
    begin += part.count;
  }
  EXPECT_EQ(begin, 9U);
}

TEST(Batches, AnOutputWithoutTheBatchIsRefusedByItsName) {
  EXPECT_NO_THROW(check_batch_axis({2, 84, 10}, 2, "output0"));
  for (const Shape& shape : {Shape{}, Shape{1, 84, 10}}) {
    EXPECT_THAT([&] { check_batch_axis(shape, 2, "output0"); },
                ThrowsMessage<ModelRuntimeError>(HasSubstr("\"output0\"")));
  }
}

TEST(Batches, ASizeWithoutPixelsIsRefused) {
  EXPECT_NO_THROW(require_input_size({1, 1}));
  EXPECT_THROW(require_input_size({0, 4}), InvalidParameterError);
  EXPECT_THROW(require_input_size({4, -1}), InvalidParameterError);
}

}  // namespace
}  // namespace inference_exp::runtime
