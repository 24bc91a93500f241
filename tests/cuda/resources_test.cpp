#include "cuda/resources.hpp"

#include <optional>
#include <thread>
#include <utility>

#include "cuda_test.hpp"

namespace inference_exp::cuda {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;

using ContextTest = CudaTest;
using StreamTest = CudaTest;
using EventTest = CudaTest;

TEST_F(ContextTest, KnowsItsDevice) {
  EXPECT_EQ(context().index(), 0);
  EXPECT_EQ(context().name(), "Stand-in GPU");
  EXPECT_THAT(context().compute_capability(), Pair(8, 6));
}

TEST_F(ContextTest, IsOnePerDevice) {
  stand_in_.set_devices(2, "Stand-in GPU", 8, 6);
  EXPECT_EQ(&Context::of_device(0), &Context::of_device(0));
  EXPECT_NE(Context::of_device(0).handle(), Context::of_device(1).handle());
  stand_in_.set_devices(1, "Stand-in GPU", 8, 6);
}

TEST_F(ContextTest, OfADeviceThatIsNotThereIsUnavailable) {
  for (const int index : {-1, 1'000'000}) {
    try {
      (void)Context::of_device(index);
      ADD_FAILURE() << index;
    } catch (const Unavailable& error) {
      EXPECT_THAT(error.what(), HasSubstr("CUDA device " + std::to_string(index)));
    }
  }
}

TEST_F(ContextTest, ThatCannotBeMadeIsTriedAgain) {
  static int unused = 5;  // contexts are kept: every run of this test needs a device that had none
  const int index = unused++;
  stand_in_.set_devices(unused, "Stand-in GPU", 8, 6);
  for (const char* call : {"cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain"}) {
    expect_reported(call, [index] { (void)Context::of_device(index); });
  }
  EXPECT_EQ(Context::of_device(index).index(), index);
  stand_in_.set_devices(1, "Stand-in GPU", 8, 6);
}

TEST_F(ContextTest, IsCurrentInItsScopeOnly) {
  std::size_t free = 0;
  std::size_t total = 0;
  EXPECT_NE(driver().mem_get_info(&free, &total), kSuccess);
  {
    const ContextScope outer(context());
    const ContextScope inner(context());
    EXPECT_EQ(driver().mem_get_info(&free, &total), kSuccess);
    std::thread([&] { EXPECT_NE(driver().mem_get_info(&free, &total), kSuccess); }).join();
  }
  EXPECT_NE(driver().mem_get_info(&free, &total), kSuccess);
  expect_reported("cuCtxPushCurrent_v2", [this] { const ContextScope refused(context()); });
}

TEST_F(ContextTest, KnowsTheMemoryOfItsDevice) {
  stand_in_.limit_memory(stand_in_.memory_in_use() + 1000);
  DeviceBuffer buffer(context());
  buffer.reserve(400);
  EXPECT_EQ(device_memory(context()).free, 600);
  EXPECT_EQ(device_memory(context()).total, stand_in_.memory_in_use() + 600);
  expect_reported("cuMemGetInfo_v2", [this] { (void)device_memory(context()); });
}

TEST_F(StreamTest, RunsWhatIsQueuedWhenItIsWaitedFor) {
  const DeviceBuffer source = filled(4, 7);
  const DeviceBuffer target = filled(4, 1);
  const Stream stream(context());
  const ContextScope current(context());
  copy_on_device(target.address(), source.address(), 4, stream.handle());
  EXPECT_THAT(bytes_of(target, 4), Each(1));
  stream.synchronize();
  EXPECT_THAT(bytes_of(target, 4), Each(7));
}

TEST_F(StreamTest, WaitsForItselfOnly) {
  const DeviceBuffer source = filled(4, 7);
  const DeviceBuffer target = filled(4, 1);
  const Stream working(context());
  const Stream other(context());
  const ContextScope current(context());
  copy_on_device(target.address(), source.address(), 4, working.handle());
  other.synchronize();
  EXPECT_THAT(bytes_of(target, 4), Each(1));
}

TEST_F(StreamTest, Moves) {
  Stream first(context());
  const StreamHandle handle = first.handle();
  Stream second(std::move(first));
  EXPECT_EQ(second.handle(), handle);
  Stream third(context());
  third = std::move(second);
  EXPECT_EQ(third.handle(), handle);
  third.synchronize();
}

TEST_F(StreamTest, ReportsWhatFails) {
  expect_reported("cuStreamCreate", [this] { const Stream refused(context()); });
  expect_reported("cuCtxPushCurrent_v2", [this] { const Stream refused(context()); });
  const Stream stream(context());
  expect_reported("cuStreamSynchronize", [&] { stream.synchronize(); });
  stream.synchronize();
}

TEST_F(StreamTest, ReportsFailedWorkWhenItIsWaitedForAndGoesOn) {
  const Stream stream(context());
  bool later_ran = false;
  EXPECT_EQ(stand_in_.enqueue(stream.handle(), [] { return kFailure; }), 0);
  EXPECT_EQ(stand_in_.enqueue(stream.handle(),
                              [&] {
                                later_ran = true;
                                return 0;
                              }),
            0);
  expect_error(kFailure, "cuStreamSynchronize", [&] { stream.synchronize(); });
  EXPECT_FALSE(later_ran);
  EXPECT_NO_THROW(stream.synchronize());
}

TEST_F(StreamTest, DiesOnAnyThreadAndFinishesItsWork) {
  int runs = 0;
  std::optional<Stream> stream(context());
  EXPECT_EQ(stand_in_.enqueue(stream->handle(),
                              [&runs] {
                                ++runs;
                                return 0;
                              }),
            0);
  std::thread([&] { stream.reset(); }).join();
  EXPECT_EQ(runs, 1);
}

TEST_F(StreamTest, DestructionSwallowsErrors) {
  EXPECT_NO_THROW({
    Stream stream(context());
    stand_in_.fail("cuStreamDestroy_v2", kFailure);
  });
  EXPECT_EQ(stand_in_.calls("cuStreamDestroy_v2"), 1);
  alive_before_ = stand_in_.live_objects();  // the driver was told to keep it
}

TEST_F(StreamTest, TwoThreadsWorkSideBySide) {
  const auto work = [this](int value) {
    const ContextScope current(context());
    const Stream stream(context());
    DeviceBuffer memory(context());
    PinnedBuffer staging(context());
    for (int i = 1; i <= 50; ++i) {
      memory.reserve(static_cast<std::size_t>(i));
      staging.reserve(memory.size());
      std::fill_n(staging.data(), i, std::byte(value));
      copy_to_device(memory.address(), staging.data(), memory.size(), stream.handle());
      stream.synchronize();
      std::fill_n(staging.data(), i, std::byte(0));
      copy_to_host(staging.data(), memory.address(), memory.size(), stream.handle());
      stream.synchronize();
      EXPECT_EQ(staging.data()[i - 1], std::byte(value));
    }
  };
  std::thread other(work, 3);
  work(4);
  other.join();
}

TEST_F(EventTest, MakesAnotherStreamWait) {
  const DeviceBuffer source = filled(4, 7);
  const DeviceBuffer between = filled(4, 1);
  const DeviceBuffer target = filled(4, 2);
  const Stream first(context());
  const Stream second(context());
  const Event copied(context());
  const ContextScope current(context());
  copy_on_device(between.address(), source.address(), 4, first.handle());
  copied.record(first.handle());
  copied.make_wait(second.handle());
  copy_on_device(target.address(), between.address(), 4, second.handle());
  second.synchronize();
  EXPECT_THAT(bytes_of(target, 4), Each(7));
}

TEST_F(EventTest, WithoutItAnotherStreamSeesOldBytes) {
  const DeviceBuffer source = filled(4, 7);
  const DeviceBuffer between = filled(4, 1);
  const DeviceBuffer target = filled(4, 2);
  const Stream first(context());
  const Stream second(context());
  const ContextScope current(context());
  copy_on_device(between.address(), source.address(), 4, first.handle());
  copy_on_device(target.address(), between.address(), 4, second.handle());
  second.synchronize();
  EXPECT_THAT(bytes_of(target, 4), Each(1));
}

TEST_F(EventTest, WaitsForWhatCameBeforeItOnly) {
  const DeviceBuffer memory = filled(4, 1);
  const Stream stream(context());
  const Event before(context());
  const ContextScope current(context());
  before.record(stream.handle());
  fill_zero(memory.address(), 4, stream.handle());
  before.synchronize();
  EXPECT_THAT(bytes_of(memory, 4), Each(1));
  before.record(stream.handle());
  before.synchronize();
  EXPECT_THAT(bytes_of(memory, 4), Each(0));
}

TEST_F(EventTest, TimedOnesMeasure) {
  const Stream stream(context());
  const Event from(context(), true);
  const Event to(context(), true);
  from.record(stream.handle());
  to.record(stream.handle());
  stream.synchronize();
  EXPECT_GT(Event::milliseconds(from, to), 0);
}

TEST_F(EventTest, OthersDoNot) {
  const Stream stream(context());
  const Event from(context());
  from.record(stream.handle());
  EXPECT_THROW((void)Event::milliseconds(from, from), Error);
}

TEST_F(EventTest, MovesAndReportsWhatFails) {
  expect_reported("cuEventCreate", [this] { const Event refused(context()); });
  const Stream stream(context());
  Event first(context(), true);
  Event event(context());
  event = std::move(first);
  Event last(std::move(event));
  expect_reported("cuEventRecord", [&] { last.record(stream.handle()); });
  expect_reported("cuStreamWaitEvent", [&] { last.make_wait(stream.handle()); });
  expect_reported("cuEventSynchronize", [&] { last.synchronize(); });
  expect_reported("cuEventElapsedTime", [&] { (void)Event::milliseconds(last, last); });
}

}  // namespace
}  // namespace inference_exp::cuda
