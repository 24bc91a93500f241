#include "core/function_ref.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

namespace inference_exp {
namespace {

int twice(FunctionRef<int(int)> function) { return function(1) + function(2); }

int negate(int x) { return -x; }

TEST(FunctionRef, CallsALambdaWithItsState) {
  int calls = 0;
  EXPECT_EQ(twice([&](int x) { return ++calls * 10 + x; }), 10 + 1 + 20 + 2);
  EXPECT_EQ(calls, 2);
}

TEST(FunctionRef, SeesChangesOfTheBorrowedCallable) {
  int offset = 1;
  auto add = [offset](int x) mutable { return x + offset++; };
  EXPECT_EQ(twice(add), 2 + 4);
  EXPECT_EQ(add(0), 3) << "the callable itself was called, not a copy";
}

TEST(FunctionRef, CallsThroughAPointerToAFunction) { EXPECT_EQ(twice(&negate), -3); }

TEST(FunctionRef, ForwardsReferencesAndMoveOnlyValues) {
  const auto append = [](std::string& text, std::unique_ptr<int> value) { text += std::to_string(*value); };
  const FunctionRef<void(std::string&, std::unique_ptr<int>)> ref = append;
  std::string text = "n=";
  ref(text, std::make_unique<int>(7));
  EXPECT_EQ(text, "n=7");
}

TEST(FunctionRef, IsTwoPointers) {
  static_assert(sizeof(FunctionRef<int(int)>) == 2 * sizeof(void*));
  static_assert(std::is_trivially_copyable_v<FunctionRef<int(int)>>);
  static_assert(!std::is_constructible_v<FunctionRef<int(int)>, int (&)(std::string)>);
}

}  // namespace
}  // namespace inference_exp
