#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packages/errors.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::AllOf;
using testing::corruption;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

std::vector<Skeleton> parse(std::string_view text, SkeletonEdges edges = SkeletonEdges::optional) {
  return parse_keypoints_metadata(text, "keypoints_metadata.json", edges);
}

TEST(KeypointsMetadata, NamesAndEdgesOfAClass) {
  const auto skeletons = parse(R"([{"object_class": "bird", "object_class_id": 0,
      "keypoints": {"0": "beak", "1": "left wing", "2": "tail"},
      "edges": [{"from": 0, "to": 1}, {"from": 1, "to": 2}]}])");
  ASSERT_THAT(skeletons, SizeIs(1));
  EXPECT_THAT(skeletons[0].key_point_names, ElementsAre("beak", "left wing", "tail"));
  EXPECT_THAT(skeletons[0].edges, ElementsAre(Pair(0, 1), Pair(1, 2)));
}

TEST(KeypointsMetadata, ClassesComeInOrderOfTheirIds) {
  const auto skeletons = parse(R"([{"object_class_id": 1, "keypoints": {"0": "of class 1"}},
                                   {"object_class_id": 0, "keypoints": {}}])");
  ASSERT_THAT(skeletons, SizeIs(2));
  EXPECT_THAT(skeletons[0].key_point_names, IsEmpty());
  EXPECT_THAT(skeletons[1].key_point_names, ElementsAre("of class 1"));
}

TEST(KeypointsMetadata, KeyPointsAreOrderedByNumberNotByText) {
  const auto skeletons =
      parse(R"([{"object_class_id": 0, "keypoints": {"10": "k", "9": "j", "2": "c", "1": "b", "0": "a"}}])");
  EXPECT_THAT(skeletons[0].key_point_names, ElementsAre("a", "b", "c", "j", "k"));
}

TEST(KeypointsMetadata, EdgesMayBeMissingOnlyWhereThePackageIsOld) {
  constexpr std::string_view kWithout = R"([{"object_class_id": 0, "keypoints": {"0": "a"}}])";
  constexpr std::string_view kNull = R"([{"object_class_id": 0, "keypoints": {"0": "a"}, "edges": null}])";
  for (const std::string_view text : {kWithout, kNull}) {
    EXPECT_THAT(parse(text)[0].edges, IsEmpty());
    EXPECT_THAT(corruption([&] { (void)parse(text, SkeletonEdges::required); }),
                AllOf(HasSubstr("keypoints_metadata.json"), HasSubstr("[0].edges"), HasSubstr("missing")));
  }
}

struct Mistake {
  const char* text;
  const char* named;
};

TEST(KeypointsMetadata, EveryMistakeIsNamed) {
  const Mistake mistakes[] = {
      {"{}", "an array"},
      {"[]", "at least one class"},
      {"[3]", "[0]"},
      {R"([{"keypoints": {}}])", "[0].object_class_id"},
      {R"([{"object_class_id": "zero", "keypoints": {}}])", "[0].object_class_id"},
      {R"([{"object_class_id": -1, "keypoints": {}}])", "[0].object_class_id"},
      {R"([{"object_class_id": 1, "keypoints": {}}])", "[0].object_class_id"},
      {R"([{"object_class_id": 1000000000, "keypoints": {}}])", "[0].object_class_id"},
      {R"([{"object_class_id": 0, "keypoints": {}}, {"object_class_id": 0, "keypoints": {}}])", "[1].object_class_id"},
      {R"([{"object_class_id": 0, "object_class": 4, "keypoints": {}}])", "[0].object_class"},
      {R"([{"object_class_id": 0}])", "[0].keypoints"},
      {R"([{"object_class_id": 0, "keypoints": ["nose"]}])", "[0].keypoints"},
      {R"([{"object_class_id": 0, "keypoints": {"0": 1}}])", "[0].keypoints.0"},
      {R"([{"object_class_id": 0, "keypoints": {"nose": "0"}}])", "[0].keypoints.nose"},
      {R"([{"object_class_id": 0, "keypoints": {"-1": "a"}}])", "[0].keypoints.-1"},
      {R"([{"object_class_id": 0, "keypoints": {"99999999999": "a"}}])", "[0].keypoints.99999999999"},
      {R"([{"object_class_id": 0, "keypoints": {"1": "a", "01": "b"}}])", "same number"},
      {R"([{"object_class_id": 0, "keypoints": {"0": "a"}, "edges": {}}])", "[0].edges"},
      {R"([{"object_class_id": 0, "keypoints": {"0": "a"}, "edges": [[0, 0]]}])", "[0].edges[0]"},
      {R"([{"object_class_id": 0, "keypoints": {"0": "a"}, "edges": [{"from": 0}]}])", "[0].edges[0].to"},
      {R"([{"object_class_id": 0, "keypoints": {"0": "a"}, "edges": [{"to": 0}]}])", "[0].edges[0].from"},
      {R"([{"object_class_id": 0, "keypoints": {"0": "a"}, "edges": [{"from": 0, "to": 1}]}])", "[0].edges[0].to"},
      {R"([{"object_class_id": 0, "keypoints": {"0": "a"}, "edges": [{"from": -1, "to": 0}]}])", "[0].edges[0].from"},
  };
  for (const Mistake& mistake : mistakes) {
    EXPECT_THAT(corruption([&] { (void)parse(mistake.text); }),
                AllOf(HasSubstr("keypoints_metadata.json"), HasSubstr(mistake.named)))
        << mistake.text;
  }
}

}  // namespace
}  // namespace inference_exp::packages
