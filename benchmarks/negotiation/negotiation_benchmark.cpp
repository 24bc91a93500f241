// Negotiates a model with 1,000 packages of all kinds on a GPU server and prints how long that takes.
//   negotiation_benchmark [rounds]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "negotiation/negotiate.hpp"

namespace inference_exp::benchmarks {
namespace {

constexpr std::size_t kPackages = 1000;

PackageMetadata package(std::size_t number) {
  constexpr std::size_t kFiles = 4;
  PackageMetadata package;
  package.id = std::to_string(number * 2654435761U) + "0a1b2c3d4e5f60718293a4b5";
  package.quantization = static_cast<Quantization>(number / 3 % 5);
  package.batch.dynamic = number % 2 == 0;
  if (!package.batch.dynamic) package.batch.static_size = 1 + static_cast<std::int32_t>(number % 16);
  package.trusted = number % 11 != 0;
  for (std::size_t file = 0; file < kFiles; ++file) {
    package.files.push_back(
        {"file-" + std::to_string(file), "https://files.example.test/" + std::string(200, 'x'), std::string(32, 'a')});
  }
  switch (number % 4) {
    case 0:
      package.backend = "onnx";
      package.details = OnnxPackageDetails{.opset = 16 + static_cast<std::int32_t>(number % 7),
                                           .incompatible_providers = {"CoreMLExecutionProvider"}};
      break;
    case 1:
      package.backend = "torch-script";
      package.details = TorchScriptPackageDetails{.device_types = {"cpu", "cuda"},
                                                  .torch_version = "2." + std::to_string(number % 9),
                                                  .torchvision_version = {}};
      break;
    default:
      package.backend = "trt";
      TrtPackageDetails engine;
      engine.device_name = number % 3 == 0 ? "tesla-t4" : "nvidia-l4";
      engine.compute_capability = number % 3 == 0 ? "7.5" : "8.9";
      engine.cuda_version = "12." + std::to_string(number % 10);
      engine.trt_version = "10." + std::to_string(number % 13) + ".0.36";
      engine.same_cc_compatible = number % 5 != 0;
      engine.forward_compatible = number % 7 != 0;
      engine.driver_version = "570.86.15";
      engine.os_version = "ubuntu-22.04";
      package.details = engine;
      break;
  }
  if (number % 13 == 0) {
    package.features.emplace("nms_fused", R"({"max_detections": 300, "confidence_threshold": 0.25,
                                              "iou_threshold": 0.7, "class_agnostic": false})");
  }
  return package;
}

ModelMetadata model() {
  ModelMetadata model;
  model.model_id = "coco/3";
  model.architecture = "yolov8";
  model.task = "object-detection";
  for (std::size_t i = 0; i < kPackages; ++i) model.packages.push_back(package(i));
  return model;
}

EnvironmentDescription gpu_server() {
  EnvironmentDescription environment;
  const auto add = [&](const char* name, const char* version) {
    BackendDescription backend;
    backend.name = name;
    backend.available = true;
    backend.runtime_version = version;
    environment.backends.push_back(backend);
  };
  add("onnx", "1.20.1");
  add("torch", "2.6.0");
  add("trt", "10.12.0.36");
  environment.backends[0].execution_providers = {"CUDAExecutionProvider", "CPUExecutionProvider"};
  environment.machine.gpus = {{.name = "tesla-t4", .compute_capability = "7.5"}};
  environment.machine.driver_version = "570.86.15";
  environment.machine.trt_version = "10.12.0.36";
  environment.machine.os_version = "ubuntu-22.04";
  return environment;
}

void run(const char* what, const LoadOptions& options, std::size_t rounds) {
  const ModelMetadata metadata = model();
  const EnvironmentDescription environment = gpu_server();
  std::vector<Implementation> implementations;
  for (const char* backend : {"onnx", "trt", "torch-script"}) {
    implementations.push_back({"yolov8", "object-detection", backend, {"nms_fused"}, {}});
  }
  std::vector<double> milliseconds;
  std::size_t ranked = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const Decision decision = negotiation::negotiate(metadata, "coco/3", options, environment, implementations);
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    ranked = decision.ranked.size();
  }
  std::ranges::sort(milliseconds);
  std::printf("%s: %zu packages, %zu can run: min %.2f ms, median %.2f ms\n", what, metadata.packages.size(), ranked,
              milliseconds.front(), milliseconds[milliseconds.size() / 2]);
}

}  // namespace
}  // namespace inference_exp::benchmarks

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 200;
  inference_exp::LoadOptions anything;
  anything.quantization.emplace();
  anything.allow_untrusted_packages = true;
  anything.nms_fusion_preferences = inference_exp::NmsFusionPreferences::usual();
  inference_exp::benchmarks::run("default options", {}, static_cast<std::size_t>(rounds));
  inference_exp::benchmarks::run("everything allowed", anything, static_cast<std::size_t>(rounds));
  return 0;
}
