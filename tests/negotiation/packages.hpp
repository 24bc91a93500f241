// Packages and machines as the tests of negotiation need them: each test says only what it is about.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference_exp/errors.hpp"
#include "negotiation/negotiate.hpp"
#include "support/sample_model.hpp"

namespace inference_exp::testing {

using Size = std::optional<std::int32_t>;

inline BatchSupport dynamic_batch(Size min = {}, Size opt = {}, Size max = {}) {
  return {.dynamic = true, .static_size = {}, .min = min, .opt = opt, .max = max};
}

inline BatchSupport static_batch(std::int32_t size) {
  return {.dynamic = false, .static_size = size, .min = {}, .opt = {}, .max = {}};
}

inline PackageMetadata onnx_package(std::string id, Quantization quantization = Quantization::fp32) {
  PackageMetadata package;
  package.id = std::move(id);
  package.backend = "onnx";
  package.quantization = quantization;
  package.batch = dynamic_batch();
  package.trusted = true;
  package.details = OnnxPackageDetails{.opset = 17, .incompatible_providers = {}};
  return package;
}

inline PackageMetadata torch_package(std::string id, Quantization quantization = Quantization::fp32) {
  PackageMetadata package = onnx_package(std::move(id), quantization);
  package.backend = "torch";
  package.details = std::monostate{};
  return package;
}

inline PackageMetadata torch_script_package(std::string id) {
  PackageMetadata package = onnx_package(std::move(id));
  package.backend = "torch-script";
  package.details =
      TorchScriptPackageDetails{.device_types = {"cpu", "cuda"}, .torch_version = "2.5", .torchvision_version = {}};
  return package;
}

/// An engine for the machine of `gpu_server()`.
inline PackageMetadata trt_package(std::string id, Quantization quantization = Quantization::fp16) {
  PackageMetadata package = onnx_package(std::move(id), quantization);
  package.backend = "trt";
  TrtPackageDetails engine;
  engine.device_name = "tesla-t4";
  engine.compute_capability = "7.5";
  engine.cuda_version = "12.8";
  engine.trt_version = "10.12.0.36";
  engine.driver_version = "570.86.15";
  engine.os_version = "ubuntu-22.04";
  package.details = engine;
  return package;
}

/// An engine for the machine of `jetson()`.
inline PackageMetadata jetson_package(std::string id) {
  PackageMetadata package = trt_package(std::move(id));
  TrtPackageDetails engine;
  engine.device_name = "orin";
  engine.compute_capability = "8.7";
  engine.cuda_version = "12.6";
  engine.trt_version = "10.3.0.30.post1";
  engine.machine = TrtPackageDetails::Machine::jetson;
  engine.driver_version = "540.4.0";
  engine.l4t_version = "36.4.0";
  engine.jetson_name = "nvidia-jetson-orin-nx";
  package.details = engine;
  return package;
}

inline TrtPackageDetails& engine_of(PackageMetadata& package) { return std::get<TrtPackageDetails>(package.details); }
inline OnnxPackageDetails& onnx_of(PackageMetadata& package) { return std::get<OnnxPackageDetails>(package.details); }
inline TorchScriptPackageDetails& script_of(PackageMetadata& package) {
  return std::get<TorchScriptPackageDetails>(package.details);
}

inline BackendDescription backend(std::string name, std::string version) {
  BackendDescription description;
  description.name = std::move(name);
  description.available = true;
  description.runtime_version = std::move(version);
  return description;
}

inline BackendDescription missing_backend(std::string name) {
  BackendDescription description;
  description.name = std::move(name);
  description.reason = "Install the package inference-exp-backend-" + description.name + ".";
  return description;
}

/// ONNX Runtime on a CPU, nothing else.
inline EnvironmentDescription cpu_machine() {
  EnvironmentDescription environment;
  environment.backends = {backend("onnx", "1.20.1"), missing_backend("torch"), missing_backend("trt")};
  environment.backends[0].execution_providers = {"CPUExecutionProvider"};
  return environment;
}

/// Every backend, and a Tesla T4.
inline EnvironmentDescription gpu_server() {
  EnvironmentDescription environment;
  environment.backends = {backend("onnx", "1.20.1"), backend("torch", "2.6.0+cu124"), backend("trt", "10.12.0.36")};
  environment.backends[0].execution_providers = {"CPUExecutionProvider", "CUDAExecutionProvider"};
  environment.machine.gpus = {{.name = "tesla-t4", .compute_capability = "7.5"}};
  environment.machine.driver_version = "570.86.15";
  environment.machine.cuda_version = "12.8";
  environment.machine.trt_version = "10.12.0.36";
  environment.machine.trt_runtime_available = true;
  environment.machine.os_version = "ubuntu-22.04";
  return environment;
}

inline EnvironmentDescription jetson() {
  EnvironmentDescription environment = gpu_server();
  environment.machine.gpus = {{.name = "orin", .compute_capability = "8.7"}};
  environment.machine.driver_version = "540.4.0";
  environment.machine.cuda_version = "12.6";
  environment.machine.trt_version = "10.3.0.30-1";
  environment.machine.jetson_type = "nvidia-jetson-orin-nx";
  environment.machine.l4t_version = "36.4.0";
  environment.machine.os_version.reset();
  return environment;
}

/// Everything that the packages of these tests need.
inline std::vector<Implementation> all_implementations() {
  std::vector<Implementation> all;
  for (const std::string_view backend : {"onnx", "trt", "torch", "torch-script"}) {
    all.push_back({"yolov8", "object-detection", backend, {"nms_fused"}, {}});
  }
  return all;
}

inline Decision decide(std::vector<PackageMetadata> packages, const LoadOptions& options = {},
                       const EnvironmentDescription& environment = gpu_server()) {
  return negotiation::negotiate(detector_with(std::move(packages)), "yolov8n-640", options, environment,
                                all_implementations());
}

inline std::vector<std::string> ranked_ids(const Decision& decision) {
  std::vector<std::string> ids;
  for (const RankedPackage& ranked : decision.ranked) ids.push_back(ranked.package.id);
  return ids;
}

/// The one rejection; a test failure and an empty one where there is none or more.
inline Rejection only_rejection(const Decision& decision) {
  EXPECT_EQ(decision.rejections.size(), 1U);
  EXPECT_TRUE(decision.ranked.empty());
  return decision.rejections.size() == 1 ? decision.rejections.front() : Rejection{};
}

/// Why this package alone is ruled out.
inline Rejection rejection_of(PackageMetadata package, const LoadOptions& options = {},
                              const EnvironmentDescription& environment = gpu_server()) {
  return only_rejection(decide({std::move(package)}, options, environment));
}

/// Whether this package alone can run.
inline bool runs(PackageMetadata package, const LoadOptions& options = {},
                 const EnvironmentDescription& environment = gpu_server()) {
  return !decide({std::move(package)}, options, environment).ranked.empty();
}

inline LoadOptions on_device(std::string device) {
  LoadOptions options;
  options.session.device = std::move(device);
  return options;
}

}  // namespace inference_exp::testing
