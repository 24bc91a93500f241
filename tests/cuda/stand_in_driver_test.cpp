// The stand-in driver where it must be as strict as the real one, or stricter: what other tests rest on.
#include "support/cuda/stand_in_driver.hpp"

#include <optional>
#include <thread>

#include "cuda_test.hpp"

namespace inference_exp::cuda {
namespace {

using ::testing::Each;

constexpr Result kInvalidContext = 201;
constexpr Result kInvalidHandle = 400;
constexpr Result kIllegalAddress = 700;
constexpr Result kCaptureIsolation = 905;
constexpr Result kCapturedEvent = 907;

class StandInTest : public CudaTest {
 protected:
  void TearDown() override {}  // the stream is alive until later

  int count_run(StreamHandle stream) {
    return stand_in_.enqueue(stream, [this] {
      ++runs_;
      return 0;
    });
  }

  int runs_ = 0;
  Stream stream_{context()};
  const Driver& driver_ = driver();
};

TEST_F(StandInTest, IsTheOneInUse) { EXPECT_EQ(test::stand_in_driver_in_use(), &stand_in_); }

TEST_F(StandInTest, FailsTheCallThatIsAskedForOnce) {
  const ContextScope current(context());
  stand_in_.fail("cuStreamSynchronize", kFailure, 1);
  EXPECT_EQ(driver_.stream_synchronize(stream_.handle()), kSuccess);
  EXPECT_EQ(driver_.stream_synchronize(stream_.handle()), kFailure);
  EXPECT_EQ(driver_.stream_synchronize(stream_.handle()), kSuccess);
  EXPECT_EQ(stand_in_.calls("cuStreamSynchronize"), 3);
  stand_in_.fail("cuStreamSynchronize", kFailure);
  stand_in_.reset();
  EXPECT_EQ(stand_in_.calls("cuStreamSynchronize"), 0);
  EXPECT_EQ(driver_.stream_synchronize(stream_.handle()), kSuccess);
}

TEST_F(StandInTest, NeedsACurrentContext) {
  DevicePointer address = 0;
  EXPECT_EQ(driver_.mem_alloc(&address, 1), kInvalidContext);
  EXPECT_EQ(driver_.stream_synchronize(stream_.handle()), kInvalidContext);
  ContextHandle popped = nullptr;
  EXPECT_EQ(driver_.ctx_pop_current(&popped), kInvalidContext);
  EXPECT_EQ(driver_.ctx_push_current(nullptr), kInvalidContext);
}

TEST_F(StandInTest, TellsDeviceAddressesFromHostAddresses) {
  const DeviceBuffer memory = filled(4, 1);
  std::byte host[4] = {};
  const ContextScope current(context());
  const auto host_address = reinterpret_cast<DevicePointer>(&host[0]);
  EXPECT_EQ(driver_.memcpy_htod_async(host_address, host, 4, nullptr), kInvalidValue);
  EXPECT_EQ(driver_.memcpy_htod_async(memory.address(), memory.data(), 4, nullptr), kInvalidValue);
  EXPECT_EQ(driver_.memcpy_dtoh_async(memory.data(), memory.address(), 4, nullptr), kInvalidValue);
  EXPECT_EQ(driver_.memcpy_dtoh_async(host, host_address, 4, nullptr), kInvalidValue);
  EXPECT_EQ(driver_.memset_d8_async(host_address, 0, 4, nullptr), kInvalidValue);
  EXPECT_EQ(stand_in_.device_memory(host_address, 1), nullptr);
}

TEST_F(StandInTest, RefusesWhatReachesBeyondABuffer) {
  const DeviceBuffer memory = filled(4, 1);
  const DeviceBuffer other = filled(4, 1);
  const std::byte host[8] = {};
  const ContextScope current(context());
  EXPECT_EQ(driver_.memcpy_htod_async(memory.address() + 1, host, 4, nullptr), kInvalidValue);
  EXPECT_EQ(driver_.memcpy_dtod_async(memory.address(), other.address(), 5, nullptr), kInvalidValue);
  EXPECT_EQ(driver_.memset_d8_async(memory.address(), 0, 5, nullptr), kInvalidValue);
  Copy2D rows;
  rows.src_host = host;
  rows.dst_device = memory.address();
  rows.src_pitch = rows.dst_pitch = rows.width_bytes = 2;
  rows.height = 3;
  EXPECT_EQ(driver_.memcpy_2d_async(&rows, nullptr), kInvalidValue);
  rows.height = 2;
  rows.dst_pitch = 1;
  EXPECT_EQ(driver_.memcpy_2d_async(&rows, nullptr), kInvalidValue);
  rows.dst_pitch = 2;
  EXPECT_EQ(driver_.memcpy_2d_async(&rows, nullptr), kSuccess);
  EXPECT_EQ(driver_.stream_synchronize(nullptr), kSuccess);
}

TEST_F(StandInTest, WhatWasDestroyedIsRefused) {
  StreamHandle stream = nullptr;
  EventHandle event = nullptr;
  DevicePointer memory = 0;
  const ContextScope current(context());
  ASSERT_EQ(driver_.stream_create(&stream, 1), kSuccess);
  ASSERT_EQ(driver_.event_create(&event, 0), kSuccess);
  ASSERT_EQ(driver_.mem_alloc(&memory, 4), kSuccess);
  EXPECT_EQ(driver_.stream_destroy(stream), kSuccess);
  EXPECT_EQ(driver_.event_destroy(event), kSuccess);
  EXPECT_EQ(driver_.mem_free(memory), kSuccess);
  EXPECT_EQ(driver_.stream_synchronize(stream), kInvalidHandle);
  EXPECT_EQ(driver_.stream_destroy(stream), kInvalidHandle);
  EXPECT_EQ(stand_in_.enqueue(stream, [] { return 0; }), kInvalidHandle);
  EXPECT_EQ(driver_.event_record(event, nullptr), kInvalidHandle);
  EXPECT_EQ(driver_.event_synchronize(event), kInvalidHandle);
  EXPECT_EQ(driver_.event_destroy(event), kInvalidHandle);
  EXPECT_EQ(driver_.memset_d8_async(memory, 0, 4, nullptr), kInvalidValue);
  EXPECT_EQ(driver_.mem_free(memory), kInvalidValue);
  EXPECT_EQ(driver_.mem_free_host(&memory), kInvalidValue);
}

TEST_F(StandInTest, TheNullStreamIsLazyToo) {
  const ContextScope current(context());
  EXPECT_EQ(count_run(nullptr), 0);
  EXPECT_EQ(driver_.stream_synchronize(stream_.handle()), kSuccess);
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(driver_.stream_synchronize(nullptr), kSuccess);
  EXPECT_EQ(runs_, 1);
}

TEST_F(StandInTest, QueuedWorkMayUseMemoryThatIsFreedMeanwhile) {
  std::optional<DeviceBuffer> source(filled(4, 6));
  const DeviceBuffer target = filled(4, 1);
  const std::size_t in_use = stand_in_.memory_in_use();
  const ContextScope current(context());
  copy_on_device(target.address(), source->address(), 4, stream_.handle());
  source.reset();
  EXPECT_EQ(stand_in_.memory_in_use(), in_use - 4);
  stream_.synchronize();
  EXPECT_THAT(bytes_of(target, 4), Each(6));
}

TEST_F(StandInTest, AGraphMayNotOutliveItsMemory) {
  std::optional<DeviceBuffer> memory(filled(4, 1));
  const ContextScope current(context());
  const Graph graph = Graph::capture(context(), stream_, [&] { fill_zero(memory->address(), 4, stream_.handle()); });
  memory.reset();
  graph.launch(stream_);
  expect_error(kIllegalAddress, "cuStreamSynchronize", [this] { stream_.synchronize(); });
}

TEST_F(StandInTest, AFailureReachesStreamsThatWaitForIt) {
  const Stream waiting(context());
  const Event event(context());
  EXPECT_EQ(stand_in_.enqueue(stream_.handle(), [] { return kFailure; }), 0);
  event.record(stream_.handle());
  event.make_wait(waiting.handle());
  expect_error(kFailure, "cuStreamSynchronize", [&] { waiting.synchronize(); });
}

TEST_F(StandInTest, WorkThatThrowsIsALaunchThatFailed) {
  EXPECT_EQ(stand_in_.enqueue(stream_.handle(), []() -> int { throw 1; }), 0);
  expect_error(kFailure, "cuStreamSynchronize", [this] { stream_.synchronize(); });
}

TEST_F(StandInTest, WorkIsQueuedWhileOtherWorkRuns) {
  const Stream other(context());
  EXPECT_EQ(stand_in_.enqueue(stream_.handle(),
                              [&] {
                                std::thread([&] { EXPECT_EQ(count_run(other.handle()), 0); }).join();
                                return 0;
                              }),
            0);
  stream_.synchronize();
  EXPECT_EQ(runs_, 0);
  other.synchronize();
  EXPECT_EQ(runs_, 1);
}

TEST_F(StandInTest, CapturesDoNotMeetOtherStreams) {
  const Event outside(context());
  const Event inside(context());
  const Stream other(context());
  outside.record(other.handle());
  (void)Graph::capture(context(), stream_, [&] {
    expect_error(kCaptureIsolation, "cuStreamWaitEvent", [&] { outside.make_wait(stream_.handle()); });
    inside.record(stream_.handle());
    EXPECT_NO_THROW(inside.make_wait(stream_.handle()));
    expect_error(kCaptureIsolation, "cuStreamWaitEvent", [&] { inside.make_wait(other.handle()); });
    expect_error(kCapturedEvent, "cuEventSynchronize", [&] { inside.synchronize(); });
  });
}

}  // namespace
}  // namespace inference_exp::cuda
