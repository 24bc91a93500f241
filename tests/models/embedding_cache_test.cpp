#include "models/embedding_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace inference_exp::models {
namespace {

using ::testing::ElementsAre;

TEST(EmbeddingCache, RemembersVectorsByTheirText) {
  EmbeddingCache cache(2);
  EXPECT_EQ(cache.find("dog"), std::nullopt);
  cache.store("dog", std::vector<float>{1, 2});
  EXPECT_THAT(cache.find("dog"), ::testing::Optional(ElementsAre(1, 2)));
}

TEST(EmbeddingCache, ForgetsWhatWasNotUsedForTheLongestTime) {
  EmbeddingCache cache(2);
  cache.store("dog", std::vector<float>{1});
  cache.store("cat", std::vector<float>{2});
  (void)cache.find("dog");
  cache.store("cow", std::vector<float>{3});
  EXPECT_TRUE(cache.find("dog"));
  EXPECT_FALSE(cache.find("cat"));
  EXPECT_TRUE(cache.find("cow"));
}

TEST(EmbeddingCache, OfNoCapacityRemembersNothing) {
  EmbeddingCache cache(0);
  cache.store("dog", std::vector<float>{1});
  EXPECT_FALSE(cache.find("dog"));
}

TEST(EmbeddingCache, ServesManyThreads) {
  EmbeddingCache cache(8);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 500; ++i) {
        const int number = (i * 7 + t) % 16;
        const std::string text = std::to_string(number);
        if (const auto found = cache.find(text)) {
          EXPECT_EQ(found->front(), static_cast<float>(number));
        } else {
          cache.store(text, std::vector<float>{static_cast<float>(number)});
        }
      }
    });
  }
}

}  // namespace
}  // namespace inference_exp::models
