#include "cli/process.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::HasSubstr;

TEST(BenchCommand, MeasuresEveryStage) {
  const ProcessResult result = run_program({"bench", detector(), "--image", shapes(), "--iterations", "5", "--warmup",
                                            "1", "--batch-size", "2", "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json report = parse_json(result.out);
  EXPECT_EQ(report.at("iterations"), 5);
  EXPECT_EQ(report.at("batch_size"), 2);
  EXPECT_GT(report.at("images_per_second"), 0);
  for (const char* stage : {"pre_process", "run", "post_process", "total"}) {
    const nlohmann::json& figures = report.at("milliseconds").at(stage);
    EXPECT_GT(figures.at("min"), 0) << stage;
    EXPECT_LE(figures.at("min"), figures.at("p50"));
    EXPECT_LE(figures.at("p50"), figures.at("p95"));
    EXPECT_LE(figures.at("p95"), figures.at("p99"));
  }
  EXPECT_GE(report["milliseconds"]["total"]["mean"], report["milliseconds"]["run"]["mean"]);
}

TEST(BenchCommand, NeedsNoImageOfItsOwn) {
  const ProcessResult result = run_program({"bench", detector(), "--iterations", "2", "--warmup", "0"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("images per second"));
}

}  // namespace
}  // namespace inference_exp::testing
