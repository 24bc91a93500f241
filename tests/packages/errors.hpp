// What a parser said when it refused something.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp::testing {

/// The message of the CorruptedModelPackageError that `action` throws; a test failure and "" when it throws none.
template <typename Action>
std::string corruption(Action action) {
  try {
    action();
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_FALSE(error.hint().empty()) << "an error must say what to do: " << error.message();
    return error.message();
  }
  ADD_FAILURE() << "expected a CorruptedModelPackageError";
  return {};
}

}  // namespace inference_exp::testing
