// The files of the stand-in TensorRT: what its engines and its "ONNX" files say, as JSON.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensorrt/tensorrt.hpp"

namespace inference_exp::test {

/// The version that the stand-in has unless it is told otherwise.
inline constexpr const char* kStandInTensorRtVersion = "10.3.0.26";

/// A network and, in a plan, how it was built.
struct StandInPlan {
  std::string version = kStandInTensorRtVersion;  ///< of the TensorRT that built it
  bool version_compatible = false;                ///< runs on later versions; brings host code
  std::size_t context_memory = 1024;              ///< bytes of device memory that each context allocates
  std::vector<tensorrt::IoTensor> io{};
  std::vector<std::string> data_dependent{};  ///< outputs whose -1 stay -1 whatever the inputs are

  /// "scale": out[i] = in[i] * factor + bias, of the first input, element by element.
  /// "mean": out[b, i] = pattern[i] + mean(in[b]) * factor + bias, one row for each entry of the batch.
  std::string operation = "scale";
  float factor = 1;
  float bias = 0;
  /// Of "mean", for outputs by name: a file of raw float32, one row. Outputs without one have a pattern of zeros.
  std::map<std::string, std::string> patterns{};

  /// What a build was asked for, for tests to look at: "precision", "workspace_bytes", "same_compute_capability",
  /// "calibration_batches", "calibration_sum" (of all values), "timing_cache_uses".
  std::map<std::string, std::string> build{};
};

/// An input, with its profiles where it has dynamic dimensions.
[[nodiscard]] tensorrt::IoTensor input_tensor(std::string name, tensorrt::ElementType type, tensorrt::Dimensions shape,
                                              std::vector<tensorrt::ProfileShapes> profiles = {});
[[nodiscard]] tensorrt::IoTensor output_tensor(std::string name, tensorrt::ElementType type,
                                               tensorrt::Dimensions shape);

/// The bytes of a plan file, and of an ONNX file as the stand-in's parser reads it (a plan without profiles).
[[nodiscard]] std::string plan_text(const StandInPlan& plan);
[[nodiscard]] std::string onnx_text(const StandInPlan& network);

/// Read them back. Throw std::runtime_error for anything else.
[[nodiscard]] StandInPlan parse_plan(std::string_view text);
[[nodiscard]] StandInPlan parse_onnx(std::string_view text);

/// The bytes of one element; 0 for ElementType::other.
[[nodiscard]] std::size_t element_bytes(tensorrt::ElementType type);

}  // namespace inference_exp::test
