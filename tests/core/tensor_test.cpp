#include "core/tensor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Shape, CountsItsElements) {
  EXPECT_EQ((Shape{1, 84, 8400}).element_count(), 705'600U);
  EXPECT_EQ(Shape{}.element_count(), 1U) << "a scalar";
  EXPECT_EQ((Shape{3, 0, 5}).element_count(), 0U);
}

TEST(Shape, ReadsAsText) {
  EXPECT_EQ((Shape{1, 84, 8400}).to_string(), "[1, 84, 8400]");
  EXPECT_EQ((Shape{-1, 3, -1, -1}).to_string(), "[?, 3, ?, ?]");
  EXPECT_EQ(Shape{}.to_string(), "[]");
}

TEST(Shape, KnowsWhetherAllOfItIsKnown) {
  EXPECT_TRUE((Shape{1, 0}).is_static());
  EXPECT_FALSE((Shape{1, -1}).is_static());
  EXPECT_TRUE(Shape{}.is_static());
}

TEST(Shape, AnUnknownDimensionHasNoCount) {
  EXPECT_THAT([] { (void)(Shape{-1, 3}).element_count(); }, ThrowsMessage<ModelRuntimeError>(HasSubstr("[?, 3]")));
}

TEST(Shape, ACountThatDoesNotFitIsAnErrorNotAWrap) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const Shape too_large[] = {
      {kMax}, {kMax, 2}, {kMax, kMax, kMax}, {1LL << 32, 1LL << 32}, {1LL << 31, 1LL << 31, 4}, {1LL << 61}};
  for (const Shape& shape : too_large) {
    EXPECT_THROW((void)shape.element_count(), ModelRuntimeError) << shape.to_string();
  }
  EXPECT_NO_THROW((void)(Shape{1LL << 59}).element_count());
}

TEST(Shape, HasAtMostEightDimensions) {
  const std::vector<std::int64_t> dims(9, 1);
  EXPECT_EQ(Shape(std::span(dims).first(8)).rank(), 8U);
  EXPECT_THROW(Shape{std::span(dims)}, ModelRuntimeError);
}

TEST(Shape, ComparesByValue) {
  EXPECT_EQ((Shape{1, 2}), (Shape{1, 2}));
  EXPECT_NE((Shape{1, 2}), (Shape{1, 2, 1}));
}

TEST(TensorView, SeesFloatsAndNothingElseAsFloats) {
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  TensorView view{values.data(), DType::f32, {2, 3}};
  EXPECT_THAT(view.floats(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(view.byte_size(), 24U);
  view.dtype = DType::f16;
  EXPECT_THAT([&] { (void)view.floats(); }, ThrowsMessage<ModelRuntimeError>(HasSubstr("float16")));
  EXPECT_EQ(view.byte_size(), 12U);
}

TEST(DType, SizesAndNames) {
  struct Row {
    DType dtype;
    std::size_t size;
    std::string_view name;
  };
  for (const Row& row : {Row{DType::f16, 2, "float16"}, Row{DType::bf16, 2, "bfloat16"}, Row{DType::f32, 4, "float32"},
                         Row{DType::f64, 8, "float64"}, Row{DType::i8, 1, "int8"}, Row{DType::i16, 2, "int16"},
                         Row{DType::i32, 4, "int32"}, Row{DType::i64, 8, "int64"}, Row{DType::u8, 1, "uint8"},
                         Row{DType::boolean, 1, "bool"}}) {
    EXPECT_EQ(dtype_size(row.dtype), row.size) << row.name;
    EXPECT_EQ(dtype_name(row.dtype), row.name);
  }
}

}  // namespace
}  // namespace inference_exp
