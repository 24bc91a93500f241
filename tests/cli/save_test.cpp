#include "cli/process.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::ElementsAre;

class SaveOption : public CliTest {
 protected:
  ProcessResult save(std::vector<std::string> inputs, const std::string& folder = "out") const {
    std::vector<std::string> arguments{"infer", detector(), "--save", path(folder).string()};
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    return run_program(arguments);
  }
};

TEST_F(SaveOption, WritesAnAnnotatedPictureOfTheSameSize) {
  const ProcessResult result = save({shapes()}, "new/folder");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const cv::Mat original = read_picture(shapes());
  const cv::Mat annotated = read_picture(path("new/folder/shapes.png"));
  ASSERT_EQ(annotated.size(), original.size());
  EXPECT_GT(cv::norm(annotated, original, cv::NORM_INF), 0) << "something was drawn";
}

TEST_F(SaveOption, InputsOfTheSameNameAreBothSaved) {
  const cv::Mat scene = read_picture(shapes());
  const ProcessResult result = save({picture("a/x.jpg", scene), picture("b/x.jpg", scene), picture("b/x.png", scene)});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files_in(path("out")), ElementsAre("x-2.jpg", "x.jpg", "x.png"));
}

TEST_F(SaveOption, AnInputIsNeverOverwritten) {
  const cv::Mat scene = read_picture(shapes());
  const std::string input = picture("in/x.png", scene);
  const ProcessResult result = save({input}, "in");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(cv::norm(read_picture(input), scene, cv::NORM_INF), 0);
  EXPECT_THAT(files_in(path("in")), ElementsAre("x-2.png", "x.png"));
}

TEST_F(SaveOption, ASecondRunReplacesTheFirst) {
  ASSERT_EQ(save({shapes()}).exit_code, 0);
  ASSERT_EQ(save({shapes()}).exit_code, 0);
  EXPECT_THAT(files_in(path("out")), ElementsAre("shapes.png"));
}

}  // namespace
}  // namespace inference_exp::testing
