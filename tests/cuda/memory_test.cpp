// Memory, copies and kernels of cuda/resources.hpp.
#include <numeric>
#include <utility>

#include "cuda_test.hpp"

namespace inference_exp::cuda {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

using DeviceBufferTest = CudaTest;
using PinnedBufferTest = CudaTest;
using CopyTest = CudaTest;
using ModuleTest = CudaTest;

TEST_F(DeviceBufferTest, GrowsAndNeverShrinks) {
  DeviceBuffer buffer(context());
  EXPECT_EQ(buffer.size(), 0);
  EXPECT_EQ(buffer.data(), nullptr);
  buffer.reserve(0);
  EXPECT_EQ(buffer.size(), 0);
  buffer.reserve(10);
  const DevicePointer address = buffer.address();
  buffer.reserve(5);
  EXPECT_EQ(buffer.address(), address);
  EXPECT_EQ(buffer.size(), 10);
  buffer.reserve(20);
  EXPECT_EQ(buffer.size(), 20);
  EXPECT_EQ(stand_in_.calls("cuMemAlloc_v2"), 2);
}

TEST_F(DeviceBufferTest, NeverHoldsOldAndNewAtOnce) {
  DeviceBuffer buffer(context());
  buffer.reserve(600);
  stand_in_.limit_memory(stand_in_.memory_in_use() + 400);
  EXPECT_NO_THROW(buffer.reserve(1000));
}

TEST_F(DeviceBufferTest, IsEmptyAndUsableAfterRunningOutOfMemory) {
  DeviceBuffer buffer(context());
  buffer.reserve(100);
  stand_in_.limit_memory(stand_in_.memory_in_use());
  expect_error(kOutOfMemory, "cuMemAlloc", [&] { buffer.reserve(200); });
  EXPECT_EQ(buffer.size(), 0);
  EXPECT_EQ(buffer.address(), 0);
  buffer.reserve(100);
  EXPECT_EQ(buffer.size(), 100);
}

TEST_F(DeviceBufferTest, MovesAndReportsWhatFails) {
  DeviceBuffer first = filled(3, 9);
  DeviceBuffer second(std::move(first));
  DeviceBuffer third = filled(5, 1);
  third = std::move(second);
  EXPECT_THAT(bytes_of(third, 3), Each(9));
  DeviceBuffer refused(context());
  expect_reported("cuMemAlloc_v2", [&] { refused.reserve(1); });
  expect_reported("cuCtxPushCurrent_v2", [&] { refused.reserve(1); });
}

TEST_F(PinnedBufferTest, GrowsMovesAndReportsWhatFails) {
  PinnedBuffer buffer(context());
  EXPECT_EQ(buffer.data(), nullptr);
  expect_reported("cuMemHostAlloc", [&] { buffer.reserve(8); });
  EXPECT_EQ(buffer.size(), 0);
  buffer.reserve(8);
  std::byte* const data = buffer.data();
  buffer.reserve(4);
  EXPECT_EQ(buffer.data(), data);
  PinnedBuffer second(std::move(buffer));
  PinnedBuffer third(context());
  third.reserve(2);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.size(), 8);
  third.reserve(16);
  EXPECT_EQ(third.size(), 16);
}

TEST_F(CopyTest, PinnedMemoryIsReadWhenTheStreamGetsThere) {
  const DeviceBuffer target = filled(2, 0);
  PinnedBuffer source(context());
  source.reserve(2);
  const Stream stream(context());
  const ContextScope current(context());
  std::fill_n(source.data(), 2, std::byte(1));
  copy_to_device(target.address(), source.data(), 2, stream.handle());
  std::fill_n(source.data(), 2, std::byte(2));
  stream.synchronize();
  EXPECT_THAT(bytes_of(target, 2), Each(2));
}

TEST_F(CopyTest, OtherMemoryIsReadAtTheCall) {
  const DeviceBuffer target = filled(2, 0);
  std::vector<std::byte> source(2, std::byte(1));
  const Stream stream(context());
  const ContextScope current(context());
  copy_to_device(target.address(), source.data(), 2, stream.handle());
  source.assign(2, std::byte(2));
  stream.synchronize();
  EXPECT_THAT(bytes_of(target, 2), Each(1));
}

TEST_F(CopyTest, ReachesTheHostWhenItIsWaitedFor) {
  const DeviceBuffer source = filled(2, 5);
  std::vector<std::byte> target(2, std::byte(0));
  const Stream stream(context());
  const ContextScope current(context());
  copy_to_host(target.data(), source.address(), 2, stream.handle());
  EXPECT_THAT(target, Each(std::byte(0)));
  stream.synchronize();
  EXPECT_THAT(target, Each(std::byte(5)));
}

TEST_F(CopyTest, RowsBecomeCompact) {
  const DeviceBuffer target = filled(6, 0);
  std::vector<unsigned char> picture(12);
  std::iota(picture.begin(), picture.end(), static_cast<unsigned char>(10));
  const Stream stream(context());
  const ContextScope current(context());
  copy_rows_to_device(target.address(), picture.data(), 5, 2, 3, stream.handle());
  stream.synchronize();
  EXPECT_THAT(bytes_of(target, 6), ElementsAre(10, 11, 15, 16, 20, 21));
  copy_rows_to_device(target.address(), picture.data(), 2, 2, 3, stream.handle());
  stream.synchronize();
  EXPECT_THAT(bytes_of(target, 6), ElementsAre(10, 11, 12, 13, 14, 15));
  EXPECT_EQ(stand_in_.calls("cuMemcpy2DAsync_v2"), 1);
}

TEST_F(CopyTest, ReportsWhatFails) {
  const DeviceBuffer memory = filled(4, 0);
  std::byte host[4] = {};
  const ContextScope current(context());
  const DevicePointer address = memory.address();
  expect_reported("cuMemcpyHtoDAsync_v2", [&] { copy_to_device(address, host, 4, nullptr); });
  expect_reported("cuMemcpyDtoHAsync_v2", [&] { copy_to_host(host, address, 4, nullptr); });
  expect_reported("cuMemcpyDtoDAsync_v2", [&] { copy_on_device(address, address, 4, nullptr); });
  expect_reported("cuMemsetD8Async", [&] { fill_zero(address, 4, nullptr); });
  expect_reported("cuMemcpy2DAsync_v2", [&] { copy_rows_to_device(address, host, 2, 1, 2, nullptr); });
}

/// Adds its second argument to the byte that its first points to.
void register_add(test::StandInDriver& stand_in) {
  stand_in.register_kernel("add", {sizeof(DevicePointer), sizeof(int)}, [&stand_in](const test::HostLaunch& launch) {
    std::byte* const byte = stand_in.device_memory(*static_cast<DevicePointer*>(launch.parameters[0]), 1);
    ASSERT_NE(byte, nullptr);
    const int sum = std::to_integer<int>(*byte) + *static_cast<int*>(launch.parameters[1]);
    *byte = std::byte(sum * static_cast<int>(launch.grid[0] * launch.block[1]));
  });
}

TEST_F(ModuleTest, RunsKernelsWithTheArgumentsOfTheLaunch) {
  register_add(stand_in_);
  const DeviceBuffer memory = filled(1, 40);
  const Stream stream(context());
  const ContextScope current(context());
  const unsigned char image[] = {0};
  Module first(context(), image);
  const Module module(std::move(first));
  DevicePointer address = memory.address();
  int summand = 2;
  void* arguments[] = {&address, &summand};
  launch(module.function("add"), {.x = 2}, {.y = 3}, stream.handle(), arguments);
  address = 0;
  summand = 0;
  EXPECT_THAT(bytes_of(memory, 1), ElementsAre(40));
  stream.synchronize();
  EXPECT_THAT(bytes_of(memory, 1), ElementsAre(42 * 6));
}

TEST_F(ModuleTest, ReportsWhatFails) {
  register_add(stand_in_);
  const unsigned char image[] = {0};
  expect_reported("cuModuleLoadData", [&] { const Module refused(context(), image); });
  Module module(context(), image);
  module = Module(context(), image);
  expect_error(500, "cuModuleGetFunction", [&] { (void)module.function("no_such_kernel"); });
  const FunctionHandle function = module.function("add");
  expect_error(201, "cuLaunchKernel", [&] { launch(function, {}, {}, nullptr, {}); });
  const ContextScope current(context());
  expect_error(kInvalidValue, "cuLaunchKernel", [&] { launch(function, {.x = 0}, {}, nullptr, {}); });
}

}  // namespace
}  // namespace inference_exp::cuda
