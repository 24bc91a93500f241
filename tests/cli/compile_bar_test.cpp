#include "compile_bar.hpp"

#include <gtest/gtest.h>

namespace inference_exp::cli {
namespace {

TEST(CompileLine, ShowsPhaseStepAndTime) {
  EXPECT_EQ(compile_line({.phase = "Building the engine", .step = 12, .steps = 40, .elapsed = 65}, 100),
            "Building the engine  12/40  1:05");
}

TEST(CompileLine, WithoutStepsThereIsNoFraction) {
  EXPECT_EQ(compile_line({.phase = "Opening", .step = 0, .steps = 0, .elapsed = 0}, 100), "Opening  0:00");
}

TEST(CompileLine, FitsItsLineAndSteersNoTerminal) {
  EXPECT_EQ(compile_line({.phase = "a\033[2Jb", .step = 0, .steps = 0, .elapsed = 0}, 6), "a?[2Jb");
}

TEST(CompileBar, GoesOnUntilItIsInterrupted) {
  ::testing::internal::CaptureStderr();
  {
    CompileBar bar;
    const CompileProgressCallback callback = bar.callback();
    EXPECT_TRUE(callback({.phase = "One"}));
    EXPECT_TRUE(callback({.phase = "One", .step = 1}));
    EXPECT_TRUE(callback({.phase = "Two"}));
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "One\nTwo\n");
}

}  // namespace
}  // namespace inference_exp::cli
