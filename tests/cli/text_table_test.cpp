#include "text_table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace inference_exp::cli {
namespace {

std::string text_of(const TextTable& table) {
  std::ostringstream out;
  table.print(out);
  return out.str();
}

TEST(TextTable, ColumnsAreAsWideAsTheirWidestCell) {
  TextTable table({{"MODEL"}, {"SIZE", TextTable::Align::right}, {"BACKEND"}});
  table.add({"yolov8n-640", "1.00 MB", "onnx"});
  table.add({"a", "512.00 MB", "trt"});
  EXPECT_EQ(text_of(table),
            "MODEL             SIZE  BACKEND\n"
            "yolov8n-640    1.00 MB  onnx\n"
            "a            512.00 MB  trt\n");
}

TEST(TextTable, NoLineEndsWithABlank) {
  TextTable table({{"A"}, {"LONG TITLE"}});
  table.add({"x", ""});
  EXPECT_EQ(text_of(table), "A  LONG TITLE\nx\n");
}

TEST(TextTable, CountsCharactersAndNotBytes) {
  TextTable table({{"A"}, {"B"}});
  table.add({"h\xc3\xa9", "x"});
  table.add({"abc", "y"});
  EXPECT_EQ(text_of(table), "A    B\nh\xc3\xa9   x\nabc  y\n");
}

TEST(TextTable, CellsCanNotSteerTheTerminal) {
  TextTable table({{"A"}});
  table.add({"x\033[2J\ny"});
  EXPECT_EQ(text_of(table), "A\nx?[2J?y\n");
}

TEST(Facts, StandBelowEachOtherAndWithoutEmptyOnes) {
  std::ostringstream out;
  print_facts(out, {{"Model ID", "coco/3"}, {"A very long name", ""}, {"Task", "detection"}});
  EXPECT_EQ(out.str(), "Model ID: coco/3\nTask:     detection\n");
}

TEST(SizeText, ChangesToGigabytesAbove512Megabytes) {
  EXPECT_EQ(size_text(0), "0.00 MB");
  EXPECT_EQ(size_text(12'345'678), "12.35 MB");
  EXPECT_EQ(size_text(512'000'000), "512.00 MB");
  EXPECT_EQ(size_text(513'000'000), "0.51 GB");
  EXPECT_EQ(size_text(2'500'000'000), "2.50 GB");
}

}  // namespace
}  // namespace inference_exp::cli
