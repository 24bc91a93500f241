#include "models/package_model.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "core/file.hpp"
#include "inference_exp/errors.hpp"
#include "models/rfdetr.hpp"
#include "models/rfdetr_classes.hpp"
#include "models/rfdetr_preprocess.hpp"
#include "packages/trt_config.hpp"

namespace inference_exp::models {
namespace {

constexpr std::string_view kPerceptionEncoder = "perception-encoder";

/// A backend whose packages hold one network, and its file.
struct SingleNetwork {
  std::string_view backend;
  std::string_view handle;
};
constexpr std::array<SingleNetwork, 4> kSingleNetworks{{{"onnx", "weights.onnx"},
                                                        {"trt", "engine.plan"},
                                                        {"torch", "weights.pth"},
                                                        {"torch-script", "weights.torchscript"}}};

/// A family of one network for images and one for texts.
struct NetworkPair {
  std::string_view architecture;
  std::string_view backend;
  std::string_view image_handle;
  std::string_view text_handle;
};
constexpr std::array<NetworkPair, 3> kNetworkPairs{{{"clip", "onnx", "visual.onnx", "textual.onnx"},
                                                    {"clip", "torch", "model.pt", "model.pt"},
                                                    {kPerceptionEncoder, "torch", "model.pt", "model.pt"}}};

const SingleNetwork& single_network(const packages::PackageDirectory& package, std::string_view backend) {
  const auto* const found = std::ranges::find(kSingleNetworks, backend, &SingleNetwork::backend);
  if (found != kSingleNetworks.end()) return *found;
  throw CorruptedModelPackageError(
      package.root().string() + ": the backend \"" + std::string(backend) + "\" is not known.",
      "Known are onnx, trt, torch and torch-script.");
}

/// A TorchScript graph does not say what it takes; the package does.
runtime::NetworkOptions torchscript_options(const packages::InferenceConfig& config,
                                            const packages::PackageDirectory& package) {
  if (!config.forward_pass.static_batch_size) {
    throw CorruptedModelPackageError(package.root().string() + ": forward_pass.static_batch_size is missing.",
                                     "TorchScript packages name the batch size that they were exported with.");
  }
  const Size size = config.network_input.training_input_size;
  return {{"format", "torchscript"},
          {"input_shape", std::to_string(*config.forward_pass.static_batch_size) + ",3," + std::to_string(size.height) +
                              "," + std::to_string(size.width)}};
}

/// What the plug-in of a file without a graph, or with one that says little, has to be told.
runtime::NetworkOptions network_options(const PackageKind& kind, const packages::PackageDirectory& package,
                                        const packages::InferenceConfig& config) {
  if (kind.backend == "torch-script") return torchscript_options(config, package);
  if (kind.backend != "torch" || kind.architecture != kRfdetr) return {};
  return {{"architecture", std::string(kRfdetr)}, {"model_type", package.model_type()}};
}

/// The batches that an engine was compiled for are those of its package.
void take_engine_batch(const packages::PackageDirectory& package, packages::ForwardPass& forward) {
  const std::filesystem::path file = package.require("trt_config.json");
  const packages::TrtConfig batch = packages::parse_trt_config(read_text_file(file), file.string());
  forward = {};
  if (!batch.dynamic) {
    forward.static_batch_size = batch.max_batch_size;
    return;
  }
  forward.min_dynamic_batch_size = batch.min_batch_size;
  forward.max_dynamic_batch_size = batch.max_batch_size;
}

/// An environment.json says less than an inference_config.json; what it leaves out its families agree on.
void complete_environment(const packages::PackageDirectory& package, ModelInit& init) {
  if (init.architecture != kRfdetr || package.has("inference_config.json")) return;
  complete_rfdetr_environment(init.config);
  remove_background(init.class_names, init.config.class_names_operations);
}

ModelInit init_of(const PackageKind& kind) {
  ModelInit init;
  init.architecture = kind.architecture;
  init.task = kind.task;
  return init;
}

PackageModel describe_classifying_package(const packages::PackageDirectory& package, const PackageKind& kind) {
  const SingleNetwork& network = single_network(package, kind.backend);
  ModelInit init = init_of(kind);
  init.config = package.inference_config();
  init.class_names = package.class_names();
  if (init.task == "keypoint-detection") init.skeletons = package.skeletons();
  complete_environment(package, init);
  if (kind.backend == "trt") take_engine_batch(package, init.config.forward_pass);
  runtime::NetworkOptions options = network_options(kind, package, init.config);
  return {std::move(init), {network.handle, std::move(options)}, std::nullopt};
}

/// Both halves of a checkpoint lie in one file: which one is wanted has to be said.
runtime::NetworkOptions tower_options(const PackageKind& kind, const packages::PackageDirectory& package,
                                      std::string_view part) {
  if (kind.backend != "torch") return {};
  runtime::NetworkOptions options{{"architecture", kind.architecture}, {"part", std::string(part)}};
  if (kind.architecture == kPerceptionEncoder) options.emplace("model_type", package.vision_encoder());
  return options;
}

PackageModel describe_embedding_package(const packages::PackageDirectory& package, const PackageKind& kind) {
  const auto* const pair = std::ranges::find_if(kNetworkPairs, [&](const NetworkPair& candidate) {
    return candidate.architecture == kind.architecture && candidate.backend == kind.backend;
  });
  if (pair == kNetworkPairs.end()) {
    throw ModelImplementationNotFoundError("No model family serves embeddings of the architecture \"" +
                                               kind.architecture + "\" with the backend \"" + kind.backend + "\".",
                                           "Served are clip with onnx and torch, perception-encoder with torch.");
  }
  return {init_of(kind),
          {pair->image_handle, tower_options(kind, package, "image")},
          NetworkFile{pair->text_handle, tower_options(kind, package, "text")}};
}

}  // namespace

bool is_package_backend(std::string_view backend) noexcept {
  return std::ranges::find(kSingleNetworks, backend, &SingleNetwork::backend) != kSingleNetworks.end();
}

PackageModel describe_package(const packages::PackageDirectory& package, const PackageKind& kind) {
  return kind.task == "embedding" ? describe_embedding_package(package, kind)
                                  : describe_classifying_package(package, kind);
}

}  // namespace inference_exp::models
