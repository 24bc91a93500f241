// CUDA graphs: when runs are recorded and replayed, and that nobody sees a difference in the results.
#include <array>
#include <atomic>
#include <thread>

#include "backends/tensorrt/device_memory.hpp"
#include "backends/tensorrt/fixture.hpp"

namespace inference_exp::test {
namespace {

using runtime::InferenceRequest;
using ::testing::ElementsAre;

class TensorRtGraphs : public TensorRtTest {
 protected:
  [[nodiscard]] Opened open_with_graphs(std::int64_t max_batch = 16) const {
    return open(scaling_plan(max_batch), {{"cuda_graphs", "on"}});
  }
  [[nodiscard]] int recorded() const { return driver_.calls("cuGraphInstantiateWithFlags"); }
  [[nodiscard]] int replayed() const { return driver_.calls("cuGraphLaunch"); }
  [[nodiscard]] int dropped() const { return driver_.calls("cuGraphExecDestroy"); }
  static void expect_good(InferenceRequest& request, std::int64_t rows = 3) {
    static std::atomic<int> round{0};
    const std::vector<float> input = counting(rows, static_cast<float>(++round));
    EXPECT_EQ(run(request, input), scaled(input));
  }
  /// Runs of this many rows until they are replayed.
  static void warm_up(InferenceRequest& request, std::int64_t rows) {
    for (int i = 0; i < 2; ++i) expect_good(request, rows);
  }
};

TEST_F(TensorRtGraphs, AreOffUnlessTheyAreAskedFor) {
  const Opened session = open(scaling_plan());
  const auto request = session->create_request();
  for (int i = 0; i < 5; ++i) expect_good(*request);
  EXPECT_EQ(driver_.calls("cuStreamBeginCapture_v2"), 0);
  EXPECT_EQ(trt_.calls("enqueue"), 5);
}

TEST_F(TensorRtGraphs, TheSecondRunIsRecordedAndLaterOnesReplayed) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  expect_good(*request);
  EXPECT_EQ(recorded(), 0);
  expect_good(*request);
  EXPECT_EQ(recorded(), 1);
  EXPECT_EQ(replayed(), 0);
  const int enqueues = trt_.calls("enqueue");
  for (int i = 0; i < 3; ++i) expect_good(*request);
  EXPECT_EQ(replayed(), 3);
  EXPECT_EQ(trt_.calls("enqueue"), enqueues) << "a replay asks TensorRT for nothing";
  EXPECT_EQ(trt_.calls("run"), 5);
}

TEST_F(TensorRtGraphs, ACallMayDoWithout) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  request->allow_graphs(false);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(*request, counting(2)), scaled(counting(2)));
  EXPECT_EQ(recorded(), 0);
  request->allow_graphs(true);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(*request, counting(2)), scaled(counting(2)));
  EXPECT_EQ(recorded(), 1);
  EXPECT_GE(replayed(), 1);
}

TEST_F(TensorRtGraphs, ASettingThatNobodyKnowsIsRefused) {
  (void)open(scaling_plan());  // writes the engine
  const std::string file = file_.string();
  iexp_open_request opening{};
  opening.struct_size = sizeof opening;
  opening.model_path = file.c_str();
  opening.allow_spinning = -1;
  iexp_session* session = nullptr;
  iexp_request* request = nullptr;
  iexp_error error{};
  error.struct_size = sizeof error;
  ASSERT_EQ(table().open(&opening, &session, &error), IEXP_OK) << error.message;
  ASSERT_EQ(table().create_request(session, &request, &error), IEXP_OK) << error.message;
  EXPECT_EQ(table().set_request_option(request, "cuda_graphs", "maybe", &error), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(table().set_request_option(request, "speed", "on", &error), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(error.message, ::testing::HasSubstr("speed"));
  EXPECT_EQ(table().set_request_option(request, "cuda_graphs", "off", &error), IEXP_OK);
  table().destroy_request(request);
  table().close(session);
}

TEST_F(TensorRtGraphs, EachShapeHasItsOwn) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  expect_good(*request, 16);  // the largest first: growing buffers drops graphs
  for (const std::int64_t rows : {1, 2, 3}) warm_up(*request, rows);
  EXPECT_EQ(recorded(), 3);
  for (const std::int64_t rows : {3, 1, 2, 2, 1}) expect_good(*request, rows);
  EXPECT_EQ(recorded(), 3);
  EXPECT_EQ(replayed(), 5);
}

TEST_F(TensorRtGraphs, TheNinthShapeTakesThePlaceOfTheOneUsedLongestAgo) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  expect_good(*request, 16);
  for (std::int64_t rows = 1; rows <= 8; ++rows) warm_up(*request, rows);
  expect_good(*request, 1);  // now 2 is the one used longest ago
  EXPECT_EQ(dropped(), 0);
  warm_up(*request, 9);
  EXPECT_EQ(dropped(), 1);
  EXPECT_EQ(trt_.live_contexts(), 9) << "one for each graph, one for plain runs";
  const int replays = replayed();
  for (const std::int64_t rows : {1, 3, 4, 5, 6, 7, 8, 9}) expect_good(*request, rows);
  EXPECT_EQ(replayed(), replays + 8);
  expect_good(*request, 2);
  EXPECT_EQ(replayed(), replays + 8) << "its graph is gone";
  EXPECT_EQ(recorded(), 9);
  expect_good(*request, 2);
  EXPECT_EQ(recorded(), 10);
}

TEST_F(TensorRtGraphs, AGraphWithQueuedRunsIsNotDroppedUnderThem) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  expect_good(*request, 16);
  const DeviceRows input(counting(9));  // on the device: nothing waits for copies
  const auto queue = [&](std::int64_t rows) {
    request->on_device()->set_device_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {rows, 2}});
    request->on_device()->enqueue();
  };
  for (std::int64_t rows = 1; rows <= 8; ++rows) {
    queue(rows);
    queue(rows);
  }
  wait_for(*request->on_device());
  const DeviceRows first(1);
  queue(1);
  copy_output(*request->on_device(), 0, first);
  for (std::int64_t rows = 2; rows <= 9; ++rows) queue(rows);
  EXPECT_EQ(dropped(), 0);
  queue(9);  // recorded in the place of the first, whose replay may still be queued
  EXPECT_EQ(dropped(), 1);
  wait_for(*request->on_device());
  EXPECT_THAT(first.read(), ElementsAre(3, 5));
}

TEST_F(TensorRtGraphs, LaterRequestsReplayWhatEarlierOnesRecorded) {
  const Opened session = open_with_graphs();
  for (int i = 0; i < 4; ++i) expect_good(*session->create_request());
  EXPECT_EQ(recorded(), 1);
  EXPECT_EQ(replayed(), 2);
}

TEST_F(TensorRtGraphs, DeviceMemoryThatComesBackIsReplayedFromItsAddress) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  DeviceRows input({1, 2});
  for (const float value : {1.0F, 2.0F, 3.0F, 4.0F}) {
    input.write({value, 0});
    request->on_device()->set_device_input(0, input.view());
    request->run();
    EXPECT_THAT(request->output(0).floats(), ElementsAre(2 * value + 1, 1));
  }
  EXPECT_EQ(recorded(), 1);
  EXPECT_EQ(replayed(), 2);
}

TEST_F(TensorRtGraphs, AnotherAddressIsAnotherRun) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  const DeviceRows first({1, 2});
  const DeviceRows second({3, 4});
  const auto run_from = [&](const DeviceRows& rows) {
    request->on_device()->set_device_input(0, rows.view());
    request->run();
    const std::span<const float> output = request->output(0).floats();
    return std::vector<float>(output.begin(), output.end());
  };
  for (int i = 0; i < 3; ++i) EXPECT_THAT(run_from(first), ElementsAre(3, 5));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(run_from(second), ElementsAre(7, 9));
  EXPECT_THAT(run_from(first), ElementsAre(3, 5));
  EXPECT_EQ(recorded(), 2);
}

TEST_F(TensorRtGraphs, AddressesThatNeverComeBackPushNoGraphOut) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  warm_up(*request, 3);
  std::vector<DeviceRows> inputs;
  for (int i = 0; i < 20; ++i) {
    const DeviceRows& input = inputs.emplace_back(std::vector<float>{static_cast<float>(i), 0});
    request->on_device()->set_device_input(0, input.view());
    request->run();
    EXPECT_EQ(request->output(0).floats()[0], static_cast<float>(2 * i + 1));
  }
  EXPECT_EQ(recorded(), 1);
  expect_good(*request, 3);
  EXPECT_EQ(replayed(), 1);
  request->on_device()->set_device_input(0, inputs.front().view());
  request->run();
  EXPECT_EQ(recorded(), 1) << "what came once is not remembered for ever";
}

TEST_F(TensorRtGraphs, BuffersThatGrowDropWhatWasRecordedInTheOldOnes) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  warm_up(*request, 2);
  expect_good(*request, 2);
  expect_good(*request, 8);
  EXPECT_EQ(dropped(), 1);
  for (int i = 0; i < 3; ++i) expect_good(*request, 2);
  EXPECT_EQ(recorded(), 2);
}

TEST_F(TensorRtGraphs, AnEngineThatCannotBeRecordedRunsPlainly) {
  trt_.refuse_capture(true);
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  for (int i = 0; i < 6; ++i) expect_good(*request);
  EXPECT_EQ(driver_.calls("cuStreamBeginCapture_v2"), 1) << "once refused, it is not tried again";
  EXPECT_EQ(replayed(), 0);
  EXPECT_EQ(trt_.calls("run"), 6);
  EXPECT_EQ(trt_.live_contexts(), 1);
}

TEST_F(TensorRtGraphs, WhatFailsWhileRecordingLeavesPlainRuns) {
  for (const char* call : {"cuStreamBeginCapture_v2", "cuGraphInstantiateWithFlags"}) {
    SCOPED_TRACE(call);
    driver_.reset();
    const Opened session = open_with_graphs();
    const auto request = session->create_request();
    driver_.fail(call, 999);
    for (int i = 0; i < 4; ++i) expect_good(*request);
    EXPECT_EQ(replayed(), 0);
    warm_up(*request, 2);  // another shape is tried
    expect_good(*request, 2);
    EXPECT_EQ(replayed(), 1);
  }
}

TEST_F(TensorRtGraphs, TensorRtMayFailWhileRecordingToo) {
  for (const char* call : {"create_context", "set_profile", "set_input_shape", "set_address", "enqueue"}) {
    SCOPED_TRACE(call);
    driver_.reset();
    const Opened session = open_with_graphs();
    const auto request = session->create_request();
    expect_good(*request);
    trt_.fail(call, IEXP_ERROR_MODEL_RUNTIME);
    for (int i = 0; i < 3; ++i) expect_good(*request);
    EXPECT_EQ(replayed(), 0);
  }
}

TEST_F(TensorRtGraphs, WithoutMemoryForAnotherContextRunsStayPlain) {
  StandInPlan plan = scaling_plan();
  plan.context_memory = 1 << 20;
  const Opened session = open(plan, {{"cuda_graphs", "on"}});
  const auto request = session->create_request();
  driver_.limit_memory(driver_.memory_in_use() + (1U << 16U));
  for (int i = 0; i < 4; ++i) expect_good(*request);
  EXPECT_EQ(recorded(), 0);
}

TEST_F(TensorRtGraphs, AReplayThatFailsIsAnErrorOfTheRun) {
  const Opened session = open_with_graphs();
  const auto request = session->create_request();
  warm_up(*request, 3);
  driver_.fail("cuGraphLaunch", 999);
  EXPECT_THROW((void)run(*request, counting(3)), ModelRuntimeError);
  expect_good(*request);
  trt_.fail_in_stream(700);
  EXPECT_THROW((void)run(*request, counting(3)), ModelRuntimeError);
  expect_good(*request);
}

TEST_F(TensorRtGraphs, ManyThreadsGetWhatOneGets) {
  const Opened session = open_with_graphs();
  std::atomic<int> wrong{0};
  const auto work = [&](int thread) {
    const auto request = session->create_request();
    for (int round = 0; round < 50; ++round) {
      const std::vector<float> input = counting(1 + (thread + round) % 12, static_cast<float>(thread * 100 + round));
      if (run(*request, input) != scaled(input)) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) threads.emplace_back(work, thread);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace inference_exp::test
