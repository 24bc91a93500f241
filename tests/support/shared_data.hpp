// Test data that is not part of the project: golden vectors, trained networks, photos. Tests that need it are skipped,
// loudly, where it is absent.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace inference_exp::testing {

/// INFERENCE_EXP_SHARED_DIR, else the folder "shared" beside the checkout.
inline std::filesystem::path shared_dir() {
  if (const char* named = std::getenv("INFERENCE_EXP_SHARED_DIR")) return named;
  return std::filesystem::path(INFERENCE_EXP_SOURCE_DIR).parent_path() / "shared";
}

/// Files of the project itself, such as the embedded models.
inline std::filesystem::path asset(const std::filesystem::path& relative) {
  return std::filesystem::path(INFERENCE_EXP_SOURCE_DIR) / "assets" / relative;
}

}  // namespace inference_exp::testing

/// Declares `variable` as the path of a shared file, or skips the test.
#define REQUIRE_SHARED(variable, relative)                                                    \
  const std::filesystem::path variable = ::inference_exp::testing::shared_dir() / (relative); \
  if (!std::filesystem::exists(variable)) GTEST_SKIP() << "SKIPPED: shared test data is absent: " << variable
