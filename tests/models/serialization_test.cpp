#include "inference_exp/serialization.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace inference_exp {
namespace {

const std::vector<std::string> kNames = {"dog", "cat \"x\"\n"};

TEST(Serialization, WritesDetectionsInTheDocumentedOrder) {
  const Detections detections({{1, 2, 3, 4}, {-5, 6, 7, 8}}, {0, 1}, {0.9F, 0.25F});
  EXPECT_EQ(to_json(detections, kNames),
            R"([{"x_min":1,"y_min":2,"x_max":3,"y_max":4,"class_id":0,"class":"dog","confidence":0.9},)"
            R"({"x_min":-5,"y_min":6,"x_max":7,"y_max":8,"class_id":1,"class":"cat \"x\"\n","confidence":0.25}])");
}

TEST(Serialization, WritesAnEmptyArrayForNothing) { EXPECT_EQ(to_json(Detections(), kNames), "[]"); }

TEST(Serialization, NamesAnUnnamedClassByItsId) {
  EXPECT_EQ(to_json(Detections({{}}, {7}, {0.5F}), kNames),
            R"([{"x_min":0,"y_min":0,"x_max":0,"y_max":0,"class_id":7,"class":"7","confidence":0.5}])");
}

TEST(Serialization, WritesMasksAsRunLengths) {
  InstanceDetections instances;
  instances.detections = Detections({{2, 1, 4, 3}}, {0}, {0.5F});
  DenseMasks masks(1, {5, 4});
  for (const std::size_t pixel : {7, 8, 12, 13}) masks.mask(0)[pixel] = 1;
  instances.masks = std::move(masks);
  const std::string expected =
      R"([{"x_min":2,"y_min":1,"x_max":4,"y_max":3,"class_id":0,"class":"dog","confidence":0.5,)"
      R"("mask":{"size":[4,5],"counts":"92203"}}])";
  EXPECT_EQ(to_json(instances, kNames), expected);
  instances.masks = RleMasks{{5, 4}, {"92203"}};
  EXPECT_EQ(to_json(instances, kNames), expected);
}

TEST(Serialization, LeavesOutEmptyKeyPoints) {
  KeyPoints points;
  points.detections = Detections({{1, 2, 3, 4}}, {0}, {0.5F});
  points.slots = 3;
  points.points = {{10, 20, 0.75F}, {}, {-1, 0, 0.5F}};
  const std::vector<Skeleton> skeletons = {{{"nose", "ear"}, {}}};
  EXPECT_EQ(to_json(points, kNames, skeletons),
            R"([{"x_min":1,"y_min":2,"x_max":3,"y_max":4,"class_id":0,"class":"dog","confidence":0.5,)"
            R"("keypoints":[{"x":10,"y":20,"confidence":0.75,"name":"nose"},)"
            R"({"x":-1,"y":0,"confidence":0.5,"name":"2"}]}])");
}

TEST(Serialization, StaysValidWithBytesThatAreNoText) {
  const std::vector<std::string> names = {"a\xff\xc3(\x01"};
  const nlohmann::json parsed = nlohmann::json::parse(to_json(Detections({{}}, {0}, {0.5F}), names));
  EXPECT_EQ(parsed[0]["class"], "a\xef\xbf\xbd\xef\xbf\xbd(\x01");
}

TEST(Serialization, WritesOnlyFiniteNumbers) {
  const Detections detections({{}, {}}, {0, 0}, {std::numeric_limits<float>::quiet_NaN(), 1e-20F});
  const nlohmann::json parsed = nlohmann::json::parse(to_json(detections, kNames));
  EXPECT_EQ(parsed[0]["confidence"], 0);
  EXPECT_EQ(parsed[1]["confidence"].get<float>(), 1e-20F);
}

TEST(Serialization, DescribesTheEnvironment) {
  EnvironmentDescription environment{"1.2.3", "Linux", "CPU", 4, 8, "AVX2", {}, {}};
  environment.backends.push_back(
      {"onnx", true, "", "/p.so", "1.23", "/r.so", {"CPUExecutionProvider"}, {"cpu"}, "OpenBLAS"});
  EXPECT_EQ(to_json(environment),
            R"({"library_version":"1.2.3","operating_system":"Linux","cpu":"CPU","physical_cores":4,)"
            R"("logical_cores":8,"simd":"AVX2","machine":{"gpus":[],"driver_version":null,"cuda_version":null,)"
            R"("trt_version":null,"trt_runtime_available":false,"jetson_type":null,"l4t_version":null,)"
            R"("os_version":null,"warnings":[]},"backends":[{"name":"onnx","available":true,"reason":"",)"
            R"("plugin_path":"/p.so","runtime_version":"1.23","runtime_path":"/r.so",)"
            R"("execution_providers":["CPUExecutionProvider"],"devices":["cpu"],"math_library":"OpenBLAS"}]})");
}

TEST(Serialization, DescribesTheMachine) {
  EnvironmentDescription environment;
  environment.machine = {.gpus = {{"orin", "8.7"}},
                         .driver_version = "540.4.0",
                         .cuda_version = "12.6",
                         .trt_version = "10.3.0.30-1",
                         .trt_runtime_available = true,
                         .jetson_type = "nvidia-jetson-orin-nx",
                         .l4t_version = "36.4.3",
                         .os_version = std::nullopt,
                         .warnings = {"Odd."}};
  EXPECT_THAT(to_json(environment),
              ::testing::HasSubstr(R"("machine":{"gpus":[{"name":"orin","compute_capability":"8.7"}],)"
                                   R"("driver_version":"540.4.0","cuda_version":"12.6","trt_version":"10.3.0.30-1",)"
                                   R"("trt_runtime_available":true,"jetson_type":"nvidia-jetson-orin-nx",)"
                                   R"("l4t_version":"36.4.3","os_version":null,"warnings":["Odd."]})"));
}

}  // namespace
}  // namespace inference_exp
