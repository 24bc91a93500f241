// Requests with host memory: values, types, shapes, profiles, and many at once.
#include <array>
#include <atomic>
#include <thread>

#include "backends/tensorrt/fixture.hpp"
#include "support/allocation_counter.hpp"

namespace inference_exp::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using TensorRtRequest = TensorRtTest;

TEST_F(TensorRtRequest, ComputesInBatchesOfAnyAllowedSize) {
  const Opened session = open(scaling_plan());
  const auto request = session->create_request();
  for (const std::int64_t rows : {4, 1, 8, 2, 8}) {
    const std::vector<float> input = counting(rows, static_cast<float>(rows));
    EXPECT_EQ(run(*request, input), scaled(input));
    EXPECT_EQ(request->output(0).shape, (Shape{rows, 2}));
  }
}

TEST_F(TensorRtRequest, ReadsTheBoundInputAgainAtEachRun) {
  const Opened session = open(scaling_plan());
  const auto request = session->create_request();
  std::array<float, 2> input{1, 2};
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {1, 2}});
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(3, 5));
  input[0] = 10;
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(21, 5));
}

TEST_F(TensorRtRequest, WritesIntoTheCallersMemory) {
  const Opened session = open(scaling_plan());
  const auto request = session->create_request();
  std::array<float, 2> input{1, 2};
  std::array<float, 2> output{};
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {1, 2}});
  request->set_output(0, {.data = output.data(), .dtype = DType::f32, .shape = {1, 2}});
  request->run();
  EXPECT_THAT(output, ElementsAre(3, 5));
  EXPECT_EQ(request->output(0).data, output.data());
  request->set_output(0, {});
  EXPECT_THROW((void)request->output(0), InvalidParameterError) << "it lay in memory that was taken back";
  input[0] = 7;
  request->run();
  EXPECT_THAT(output, ElementsAre(3, 5)) << "memory was written after it was taken back";
  EXPECT_THAT(request->output(0).floats(), ElementsAre(15, 5));
}

TEST_F(TensorRtRequest, ADestinationOfAnotherShapeThanTheOutputIsRefused) {
  const Opened session = open(scaling_plan());
  const auto request = session->create_request();
  std::array<float, 4> input{1, 2, 3, 4};
  std::array<float, 2> output{};
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {2, 2}});
  request->set_output(0, {.data = output.data(), .dtype = DType::f32, .shape = {1, 2}});
  EXPECT_THAT(thrown<InvalidParameterError>([&] { request->run(); }), AllOf(HasSubstr("[1, 2]"), HasSubstr("[2, 2]")));
  EXPECT_THAT(output, ElementsAre(0, 0));
  EXPECT_THROW((void)request->output(0), InvalidParameterError);
  request->set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {1, 2}});
  request->run();
  EXPECT_THAT(output, ElementsAre(3, 5));
}

TEST_F(TensorRtRequest, TensorsThatDoNotFitAreRefused) {
  const Opened session = open(scaling_plan());
  const auto request = session->create_request();
  std::array<float, 32> data{};
  const auto set = [&](DType dtype, Shape shape) { request->set_input(0, {data.data(), dtype, shape}); };
  EXPECT_THROW(request->run(), InvalidParameterError) << "no input is set";
  EXPECT_THROW((void)request->output(0), InvalidParameterError) << "nothing ran";
  EXPECT_THROW(set(DType::f16, {1, 2}), InvalidParameterError);
  EXPECT_THROW(set(DType::f32, {1, 3}), InvalidParameterError);
  EXPECT_THROW(set(DType::f32, {2}), InvalidParameterError);
  EXPECT_THROW(set(DType::f32, {-1, 2}), InvalidParameterError);
  EXPECT_THROW(request->set_input(0, {nullptr, DType::f32, {1, 2}}), InvalidParameterError);
  EXPECT_THROW(request->set_input(1, {data.data(), DType::f32, {1, 2}}), InvalidParameterError);
  EXPECT_THROW(request->set_output(1, {data.data(), DType::f32, {1, 2}}), InvalidParameterError);
  EXPECT_THROW(request->set_output(0, {data.data(), DType::i32, {1, 2}}), InvalidParameterError);
  set(DType::f32, {3, 2});
  EXPECT_NO_THROW(request->run());
  EXPECT_THROW((void)request->output(1), InvalidParameterError);
}

TEST_F(TensorRtRequest, ShapesOutsideTheProfileAreRefusedWithItsLimits) {
  StandInPlan plan = scaling_plan();
  plan.io[0].profiles = {{{2, 2}, {4, 2}, {8, 2}}};
  const Opened session = open(plan);
  const auto request = session->create_request();
  for (const std::int64_t rows : {0, 1, 9}) {
    std::vector<float> input(20);
    EXPECT_THAT(thrown<InvalidParameterError>([&] {
                  request->set_input(0, {input.data(), DType::f32, {rows, 2}});
                }),
                AllOf(HasSubstr("[" + std::to_string(rows) + ", 2]"), HasSubstr("[2..8, 2]")));
  }
  EXPECT_EQ(run(*request, counting(2)), scaled(counting(2)));
  EXPECT_EQ(run(*request, counting(8)), scaled(counting(8)));
}

TEST_F(TensorRtRequest, TheProfileWithTheNearestOptimumRuns) {
  StandInPlan plan = scaling_plan();
  plan.io[0].profiles = {{{1, 2}, {8, 2}, {8, 2}}, {{1, 2}, {1, 2}, {4, 2}}, {{1, 2}, {1, 2}, {4, 2}}};
  const Opened session = open(plan);
  const auto request = session->create_request();
  const auto profile_for = [&](std::int64_t rows) {
    EXPECT_EQ(run(*request, counting(rows)), scaled(counting(rows)));
    return trt_.last_profile();
  };
  EXPECT_EQ(profile_for(1), 1) << "of equally near ones the first";
  EXPECT_EQ(profile_for(4), 1);
  EXPECT_EQ(profile_for(6), 0) << "the only one that takes it";
  EXPECT_EQ(profile_for(8), 0);
  EXPECT_EQ(trt_.calls("set_profile"), 2) << "once for each change";
  EXPECT_EQ(profile_for(2), 1);
  EXPECT_THAT(thrown<InvalidParameterError>([&] { (void)run(*request, counting(9)); }),
              HasSubstr("[1..8, 2] or [1..4, 2]."));
}

TEST_F(TensorRtRequest, ShapesThatNoProfileTakesTogetherAreRefused) {
  const StandInPlan plan{
      .io = {input_tensor("a", ElementType::f32, {-1, 2}, {{{1, 2}, {1, 2}, {2, 2}}, {{4, 2}, {4, 2}, {8, 2}}}),
             input_tensor("b", ElementType::f32, {-1}, {{{1}, {1}, {2}}, {{4}, {4}, {8}}}),
             output_tensor("y", ElementType::f32, {-1, 2})}};
  const Opened session = open(plan);
  const auto request = session->create_request();
  std::array<float, 16> data{};
  data.fill(5);
  request->set_input(0, {data.data(), DType::f32, {1, 2}});
  request->set_input(1, {data.data(), DType::f32, {8}});
  EXPECT_THAT(thrown<InvalidParameterError>([&] { request->run(); }),
              AllOf(HasSubstr("together"), HasSubstr("\"a\" [1, 2]"), HasSubstr("\"b\" [8]")));
  request->set_input(0, {data.data(), DType::f32, {5, 2}});
  request->run();
  EXPECT_EQ(trt_.last_profile(), 1);
  EXPECT_EQ(request->output(0).shape, (Shape{5, 2}));
}

TEST_F(TensorRtRequest, OutputsFollowDynamicSizesToo) {
  const StandInPlan plan{
      .io = {input_tensor("x", ElementType::f32, {-1, 3, -1, -1}, {{{1, 3, 2, 2}, {1, 3, 4, 4}, {2, 3, 8, 8}}}),
             output_tensor("y", ElementType::f32, {-1, 3, -1, -1})},
      .bias = 1};
  const Opened session = open(plan);
  const auto request = session->create_request();
  std::vector<float> data(std::size_t{2} * 3 * 8 * 8, 1);
  for (const Shape& shape : {Shape{1, 3, 4, 6}, Shape{2, 3, 8, 8}, Shape{1, 3, 2, 2}}) {
    request->set_input(0, {data.data(), DType::f32, shape});
    request->run();
    EXPECT_EQ(request->output(0).shape, shape);
    EXPECT_THAT(request->output(0).floats(), ::testing::Each(2.0F));
  }
}

TEST_F(TensorRtRequest, OutputsWhoseShapeDependsOnTheDataAreRefused) {
  StandInPlan plan = scaling_plan();
  plan.io.push_back(output_tensor("found", ElementType::i32, {-1, 6}));
  plan.data_dependent = {"found"};
  const Opened session = open(plan);
  const auto request = session->create_request();
  EXPECT_THAT(thrown<ModelRuntimeError>([&] {
                (void)run(*request, {1, 2});
              }),
              AllOf(HasSubstr("\"found\""), HasSubstr("depends on the input's values")));
}

template <typename T>
struct Element {
  ElementType type;
  DType dtype;
  std::array<T, 2> input, output;
};

template <typename T>
void expect_doubled(const runtime::Session& session, const Element<T>& element) {
  const auto request = session.create_request();
  std::array<T, 2> input = element.input;
  request->set_input(0, {.data = input.data(), .dtype = element.dtype, .shape = {1, 2}});
  request->run();
  const TensorView output = request->output(0);
  EXPECT_EQ(output.dtype, element.dtype);
  EXPECT_EQ(output.byte_size(), sizeof input);
  EXPECT_TRUE(std::equal(element.output.begin(), element.output.end(), static_cast<const T*>(output.data)));
}

TEST_F(TensorRtRequest, EveryElementTypeOfTheInterfacePasses) {
  const auto opened = [&](ElementType type) {
    return open({.io = {input_tensor("x", type, {1, 2}), output_tensor("y", type, {1, 2})}, .factor = 2});
  };
  const auto expect_type = [&](const auto& element) { expect_doubled(*opened(element.type), element); };
  expect_type(Element<float>{ElementType::f32, DType::f32, {1.5F, -2}, {3, -4}});
  expect_type(Element<std::uint16_t>{ElementType::f16, DType::f16, {0x3E00, 0xC000}, {0x4200, 0xC400}});
  expect_type(Element<std::uint16_t>{ElementType::bf16, DType::bf16, {0x3FC0, 0xC000}, {0x4040, 0xC080}});
  expect_type(Element<std::int8_t>{ElementType::i8, DType::i8, {3, -4}, {6, -8}});
  expect_type(Element<std::int32_t>{ElementType::i32, DType::i32, {1000000, -4}, {2000000, -8}});
  expect_type(Element<std::int64_t>{ElementType::i64, DType::i64, {1000000, -4}, {2000000, -8}});
  expect_type(Element<std::uint8_t>{ElementType::u8, DType::u8, {3, 100}, {6, 200}});
  expect_type(Element<std::uint8_t>{ElementType::boolean, DType::boolean, {1, 0}, {1, 0}});
}

TEST_F(TensorRtRequest, SeveralInputsAndOutputs) {
  StandInPlan plan{
      .io = {input_tensor("a", ElementType::f32, {2, 2}), input_tensor("b", ElementType::i32, {3}),
             output_tensor("first", ElementType::f32, {2, 1}), output_tensor("second", ElementType::f32, {2, 3})},
      .operation = "mean",
      .bias = 1};
  const std::array<float, 3> pattern{10, 20, 30};
  plan.patterns["second"] = (folder_ / "second.f32").string();
  std::ofstream(folder_ / "second.f32", std::ios::binary)
      .write(reinterpret_cast<const char*>(pattern.data()), sizeof pattern);
  const Opened session = open(plan);
  const auto request = session->create_request();
  std::array<float, 4> a{1, 3, 5, 7};
  std::array<std::int32_t, 3> b{};
  request->set_input(0, {a.data(), DType::f32, {2, 2}});
  EXPECT_THAT(thrown<InvalidParameterError>([&] { request->run(); }), HasSubstr("\"b\" is not set"));
  request->set_input(1, {b.data(), DType::i32, {3}});
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(3, 7));
  EXPECT_THAT(request->output(1).floats(), ElementsAre(13, 23, 33, 17, 27, 37));
}

TEST_F(TensorRtRequest, ARunLikeTheLastOneSetsNothingAgain) {
  const Opened session = open(scaling_plan());
  const auto request = session->create_request();
  (void)run(*request, counting(4));
  const int shapes = trt_.calls("set_input_shape");
  const int addresses = trt_.calls("set_address");
  const int allocations = driver_.calls("cuMemAlloc_v2");
  const int pinned = driver_.calls("cuMemHostAlloc");
  EXPECT_EQ(run(*request, counting(4, 9)), scaled(counting(4, 9)));
  EXPECT_EQ(trt_.calls("set_input_shape"), shapes);
  EXPECT_EQ(trt_.calls("set_address"), addresses);
  (void)run(*request, counting(2));  // smaller: the buffers stay
  EXPECT_EQ(driver_.calls("cuMemAlloc_v2"), allocations);
  EXPECT_EQ(driver_.calls("cuMemHostAlloc"), pinned);
}

TEST_F(TensorRtRequest, BindingTheSameMemoryAgainTakesNothingFromTheHeap) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns the heap";
  const Opened session = open(scaling_plan());
  const auto request = session->create_request();
  std::array<float, 2> input{1, 2};
  const TensorView view{.data = input.data(), .dtype = DType::f32, .shape = {1, 2}};
  request->set_input(0, view);
  request->run();
  const std::size_t before = testing::allocations();
  request->set_input(0, view);
  EXPECT_EQ(testing::allocations() - before, 0U);
}

TEST_F(TensorRtRequest, LaterRequestsUseTheContextsOfEarlierOnes) {
  const Opened session = open(scaling_plan());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(*session->create_request(), {1, 2}), scaled({1, 2}));
  EXPECT_EQ(trt_.calls("create_context"), 1);
  const auto first = session->create_request();
  const auto second = session->create_request();
  EXPECT_EQ(trt_.live_contexts(), 2);
  EXPECT_EQ(run(*first, {1, 2}), scaled({1, 2}));
  EXPECT_EQ(run(*second, {3, 4}), scaled({3, 4}));
}

TEST_F(TensorRtRequest, ManyThreadsGetWhatOneGets) {
  const Opened session = open(scaling_plan());
  std::atomic<int> wrong{0};
  const auto work = [&](int thread) {
    for (int round = 0; round < 50; ++round) {
      const auto request = session->create_request();
      const std::vector<float> input = counting(1 + (thread + round) % 8, static_cast<float>(thread * 100 + round));
      if (run(*request, input) != scaled(input)) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) threads.emplace_back(work, thread);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(trt_.calls("create_context"), 4);
}

TEST_F(TensorRtRequest, RequestsWaitForTheirOwnStreamOnly) {
  const Opened session = open(scaling_plan());
  const auto waiting = session->create_request();
  const auto running = session->create_request();
  std::array<float, 2> input{1, 2};
  waiting->set_input(0, {input.data(), DType::f32, {1, 2}});
  waiting->on_device()->enqueue();
  EXPECT_EQ(run(*running, {3, 4}), scaled({3, 4}));
  EXPECT_EQ(trt_.calls("run"), 1) << "the other request's work ran too";
}

}  // namespace
}  // namespace inference_exp::test
