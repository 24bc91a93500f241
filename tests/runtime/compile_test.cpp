#include "runtime/compile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::filesystem::path> plugin_that(const std::string& behaviour) {
  return {std::filesystem::path(STAND_IN_PLUGINS) / behaviour};
}

CompileFacts compile(const CompileRequest& request) {
  return compile_model_file("stand_in", request, plugin_that("compiles"));
}

TEST(CompileModelFile, CarriesTheRequestAcrossAndTheFactsBack) {
  std::vector<std::int32_t> steps;
  CompileRequest request{.source = "model.onnx", .target = "engine.plan"};
  request.device = "cuda:1";
  request.batch_opt = 2;
  request.input_size = Size{640, 480};
  request.progress = [&](std::string_view phase, std::int32_t step, std::int32_t count) {
    EXPECT_EQ(phase, "Adding up");
    EXPECT_EQ(count, 3);
    steps.push_back(step);
    return true;
  };
  const CompileFacts facts = compile(request);
  EXPECT_THAT(steps, ElementsAre(0, 1, 2));
  EXPECT_EQ(facts.runtime_version, "7.8.9");
  EXPECT_EQ(facts.device_name, "cuda:1");
  EXPECT_EQ(facts.cuda_driver, 12040);
  EXPECT_EQ(facts.batch_opt, 2);
  EXPECT_EQ(facts.input_size, (Size{640, 0})) << "what the plug-in does not say is 0";
}

TEST(CompileModelFile, WhoWantsNoProgressGetsNone) {
  EXPECT_EQ(compile({.source = "m", .target = "e"}).cuda_driver, 12040);
}

TEST(CompileModelFile, StopsWhenTheCallerSaysSo) {
  int calls = 0;
  CompileRequest request{.source = "m", .target = "e"};
  request.progress = [&](std::string_view, std::int32_t, std::int32_t) { return ++calls < 2; };
  EXPECT_THROW((void)compile(request), OperationCancelledError);
  EXPECT_EQ(calls, 2);
}

TEST(CompileModelFile, WhatTheCallersFunctionsThrowComesOut) {
  CompileRequest request{.source = "m", .target = "e"};
  request.calibration_batch = [](std::span<float>) -> bool { throw ModelInputError("Not a picture."); };
  EXPECT_THROW((void)compile(request), ModelInputError);
  request.progress = [](std::string_view, std::int32_t, std::int32_t) -> bool { throw std::length_error("too long"); };
  EXPECT_THROW((void)compile(request), std::length_error);
}

TEST(CompileModelFile, CalibrationGetsBatchesUntilThereAreNoMore) {
  int batches = 0;
  CompileRequest request{.source = "m", .target = "e"};
  request.calibration_batch = [&](std::span<float> batch) {
    EXPECT_EQ(batch.size(), 4U);
    return ++batches < 3;
  };
  (void)compile(request);
  EXPECT_EQ(batches, 3);
}

TEST(CompileModelFile, FailuresKeepTheirKind) {
  EXPECT_THROW((void)compile({.source = "code_2", .target = "e"}), CorruptedModelPackageError);
  EXPECT_THROW((void)compile({.source = "code_8", .target = "e"}), OperationCancelledError);
  EXPECT_THROW((void)compile({.source = "code_9", .target = "e"}), OutOfDeviceMemoryError);
}

TEST(CompileModelFile, APluginThatOpensFilesOnlySaysSo) {
  try {
    check_can_compile("stand_in", plugin_that("good"));
    FAIL() << "nothing was thrown";
  } catch (const EnvironmentConfigurationError& error) {
    EXPECT_THAT(error.what(), HasSubstr("opens model files only"));
  }
  EXPECT_THROW(check_can_compile("stand_in", plugin_that("no_symbol")), MissingDependencyError);
  EXPECT_THROW(check_can_compile("nobody", plugin_that("good")), UnknownBackendTypeError);
  EXPECT_NO_THROW(check_can_compile("stand_in", plugin_that("compiles")));
}

}  // namespace
}  // namespace inference_exp::runtime
