#include "models/text_tower.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "inference_exp/errors.hpp"
#include "models/fake_text_session.hpp"

namespace inference_exp::models {
namespace {

using ::testing::ElementsAre;
using testing::FakeTextSession;
using ::testing::HasSubstr;

/// Ids 0, 1, 2, ... for `count` texts.
std::vector<std::int32_t> numbered_tokens(std::size_t count, std::size_t context) {
  std::vector<std::int32_t> tokens(count * context);
  std::iota(tokens.begin(), tokens.end(), 0);
  return tokens;
}

/// The first number of each vector, in the order in which they come.
std::vector<float> first_numbers(const TextTower& tower, std::span<const std::int32_t> tokens) {
  std::vector<float> numbers;
  tower.run(tokens, [&](std::size_t index, std::span<const float> vector) {
    EXPECT_EQ(index, numbers.size());
    numbers.push_back(vector.front());
  });
  return numbers;
}

std::string refusal(std::shared_ptr<const FakeTextSession> session) {
  try {
    (void)TextTower(std::move(session), 32);
  } catch (const CorruptedModelPackageError& error) {
    return error.what();
  }
  return "";
}

TEST(TextTower, TakesIdsOfEitherWidth) {
  for (const DType dtype : {DType::i32, DType::i64}) {
    const TextTower tower(std::make_shared<FakeTextSession>(4, Shape{-1, 8}, dtype), 32);
    EXPECT_EQ(tower.context(), 8U);
    EXPECT_EQ(tower.dimension(), 4);
    EXPECT_THAT(first_numbers(tower, numbered_tokens(3, 8)), ElementsAre(0, 8, 16));
  }
}

TEST(TextTower, SplitsWhatIsMoreThanABatch) {
  const auto session = std::make_shared<FakeTextSession>(4, Shape{-1, 8});
  EXPECT_THAT(first_numbers(TextTower(session, 2), numbered_tokens(5, 8)), ElementsAre(0, 8, 16, 24, 32));
  EXPECT_THAT(session->batches(), ElementsAre(2, 2, 1));
}

TEST(TextTower, FillsUpABatchOfFixedSize) {
  const auto session = std::make_shared<FakeTextSession>(4, Shape{4, 8});
  EXPECT_THAT(first_numbers(TextTower(session, 32), numbered_tokens(5, 8)), ElementsAre(0, 8, 16, 24, 32));
  EXPECT_THAT(session->batches(), ElementsAre(4, 4));
}

TEST(TextTower, ReadsClipsNumberOfIdsWhereTheNetworkLeavesItOpen) {
  EXPECT_EQ(TextTower(std::make_shared<FakeTextSession>(4, Shape{-1, -1}), 32).context(), 77U);
}

TEST(TextTower, RefusesOtherNetworks) {
  EXPECT_THAT(refusal(std::make_shared<FakeTextSession>(4, Shape{-1, 8}, DType::f32)), HasSubstr("float32"));
  EXPECT_THAT(refusal(std::make_shared<FakeTextSession>(4, Shape{-1, 3, 8})), HasSubstr("[?, 3, 8]"));
  EXPECT_THAT(refusal(std::make_shared<FakeTextSession>(4, Shape{-1, 1})), HasSubstr("1 token ids"));
  const auto session = std::make_shared<FakeTextSession>(4, Shape{-1, 8});
  session->declare_output({-1, 8, 4});
  EXPECT_THAT(refusal(session), HasSubstr("[?, 8, 4]"));
}

}  // namespace
}  // namespace inference_exp::models
