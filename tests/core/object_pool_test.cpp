#include "core/object_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "support/allocation_counter.hpp"

namespace inference_exp {
namespace {

struct Scratch {
  int uses = 0;
  std::atomic<bool> in_use = false;
};

class ObjectPoolTest : public ::testing::Test {
 protected:
  std::atomic<int> made = 0;
  ObjectPool<Scratch> pool{[this] {
    ++made;
    return std::make_unique<Scratch>();
  }};
};

TEST_F(ObjectPoolTest, AReturnedObjectIsUsedAgainAsItWas) {
  { pool.take()->uses = 5; }
  EXPECT_EQ(pool.take()->uses, 5);
  EXPECT_EQ(made, 1);
}

TEST_F(ObjectPoolTest, LeasesHeldTogetherAreDifferentObjects) {
  const auto first = pool.take();
  const auto second = pool.take();
  EXPECT_NE(&*first, &*second);
  EXPECT_EQ(made, 2);
}

TEST_F(ObjectPoolTest, ADiscardedObjectIsNotHandedOutAgain) {
  {
    auto lease = pool.take();
    lease->uses = 99;
    lease.discard();
  }
  EXPECT_EQ(pool.take()->uses, 0);
  EXPECT_EQ(made, 2);
}

TEST_F(ObjectPoolTest, AMovedLeaseReturnsItsObjectOnce) {
  {
    auto lease = pool.take();
    const auto moved = std::move(lease);
    moved->uses = 1;
  }
  const auto first = pool.take();
  const auto second = pool.take();
  EXPECT_NE(&*first, &*second);
  EXPECT_EQ(made, 2);
}

TEST_F(ObjectPoolTest, AFailingMakerLeavesThePoolUsable) {
  bool fail = true;
  ObjectPool<Scratch> fragile([&]() -> std::unique_ptr<Scratch> {
    if (fail) throw std::runtime_error("no");
    return std::make_unique<Scratch>();
  });
  EXPECT_THROW((void)fragile.take(), std::runtime_error);
  fail = false;
  EXPECT_EQ(fragile.take()->uses, 0);
}

TEST_F(ObjectPoolTest, AfterWarmUpNothingIsAllocated) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns the heap";
  {
    const auto a = pool.take();
    const auto b = pool.take();
    const auto c = pool.take();
  }
  const std::size_t before = testing::allocations();
  for (int i = 0; i < 100; ++i) {
    const auto a = pool.take();
    const auto b = pool.take();
    const auto c = pool.take();
  }
  EXPECT_EQ(testing::allocations(), before);
  const auto probe = std::make_unique<int>(0);
  EXPECT_GT(testing::allocations(), before) << "the count itself must work";
}

TEST_F(ObjectPoolTest, NoTwoThreadsEverHoldOneObject) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 2000;
  std::atomic<int> clashes = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kRounds; ++i) {
          const auto lease = pool.take();
          if (lease->in_use.exchange(true)) ++clashes;
          ++lease->uses;
          lease->in_use = false;
        }
      });
    }
  }
  EXPECT_EQ(clashes, 0);
  EXPECT_LE(made, kThreads);

  int uses = 0;
  std::vector<ObjectPool<Scratch>::Lease> all;
  for (int i = made; i > 0; --i) all.push_back(pool.take());
  for (const auto& lease : all) uses += lease->uses;
  EXPECT_EQ(uses, kThreads * kRounds);
}

}  // namespace
}  // namespace inference_exp
