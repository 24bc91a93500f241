// What a weights provider says of a model: which packages of it exist, and what each needs.
//
// Contract: plain values. Version texts have been checked to be versions (PEP 440) before they get here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "inference_exp/export.hpp"

namespace inference_exp {

enum class Quantization : std::uint8_t { unknown, fp32, fp16, bf16, int8 };

/// "fp32", ...; static storage.
[[nodiscard]] INFERENCE_EXP_API std::string_view quantization_name(Quantization quantization) noexcept;
/// The reverse; throws UnknownQuantizationError naming the five words.
[[nodiscard]] INFERENCE_EXP_API Quantization parse_quantization(std::string_view name);

/// How many images a package takes at once. Packages that say nothing have neither `dynamic` nor `static_size`.
struct BatchSupport {
  bool dynamic = false;
  std::optional<std::int32_t> static_size;
  std::optional<std::int32_t> min, opt, max;  ///< TensorRT's limits of a dynamic batch
};

struct OnnxPackageDetails {
  std::int32_t opset = 0;
  std::vector<std::string> incompatible_providers;
};

struct TrtPackageDetails {
  enum class Machine : std::uint8_t { gpu_server, jetson };
  std::string device_name;         ///< of the GPU it was compiled on, such as "tesla-t4"
  std::string compute_capability;  ///< such as "7.5"
  std::string cuda_version;
  std::string trt_version;
  bool same_cc_compatible = false;  ///< runs on every GPU of that compute capability
  bool forward_compatible = false;  ///< runs on later TensorRT versions
  bool lean_runtime_excluded = false;
  Machine machine = Machine::gpu_server;
  std::string driver_version;
  std::string os_version;   ///< servers only, such as "ubuntu-22.04"
  std::string l4t_version;  ///< Jetsons only
  std::string jetson_name;  ///< Jetsons only, such as "nvidia-jetson-orin-nx"
};

struct TorchScriptPackageDetails {
  std::vector<std::string> device_types;  ///< such as "cpu", "cuda"
  std::string torch_version;
  std::optional<std::string> torchvision_version;
};

/// One file of a package: its name inside the package and where to get it.
struct PackageFile {
  std::string handle;
  std::string url;
  std::optional<std::string> md5;  ///< as announced; 32 lower-case hex digits where it is usable
};

/// Thresholds that whoever trained the model recommends.
struct RecommendedParameters {
  std::optional<double> confidence;
  std::map<std::string, double, std::less<>> per_class_confidence;  ///< by class name
};

struct PackageMetadata {
  std::string id;
  std::string backend;  ///< "onnx", "trt", "torch", "torch-script", "hugging-face", "ultralytics", "mediapipe"
  Quantization quantization = Quantization::unknown;
  BatchSupport batch;
  bool trusted = false;
  std::variant<std::monostate, OnnxPackageDetails, TrtPackageDetails, TorchScriptPackageDetails> details;
  std::vector<PackageFile> files;
  std::map<std::string, std::string, std::less<>> features;  ///< name to its value as JSON text
  std::optional<RecommendedParameters> recommended;
};

struct ModelDependency {
  std::string name;
  std::string model_id;
  std::optional<std::string> package_id;
};

/// A package that the provider announced and that this library cannot make sense of.
struct SkippedPackage {
  std::string id;      ///< empty where there is none
  std::string kind;    ///< the manifest's type; empty where there is none
  std::string reason;  ///< one sentence
};

struct ModelMetadata {
  std::string model_id;  ///< as the provider calls it; what was asked for may have been an alias
  std::string architecture;
  std::string variant;
  std::string task;
  std::vector<ModelDependency> dependencies;
  std::optional<RecommendedParameters> recommended;
  std::vector<PackageMetadata> packages;
  std::vector<SkippedPackage> skipped;
};

}  // namespace inference_exp
