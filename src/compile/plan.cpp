#include "compile/plan.hpp"

#include <algorithm>
#include <string>

#include "hub/hashing.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace {

std::string batch_text(const EngineBatch& batch) {
  return std::to_string(batch.min) + ":" + std::to_string(batch.opt) + ":" + std::to_string(batch.max);
}
std::string size_text(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

EngineBatch planned_batch(const OnnxNetwork& network, const CompileOptions& options) {
  if (!network.batch) return options.batch.value_or(EngineBatch());
  const EngineBatch fixed{*network.batch, *network.batch, *network.batch};
  if (!options.batch || *options.batch == fixed) return fixed;
  throw InvalidParameterError("The network takes batches of " + std::to_string(fixed.max) + " and no others, not " +
                                  batch_text(*options.batch) + ".",
                              "Leave the batch unset, or export the model with a dynamic batch size.");
}

Size planned_size(const OnnxNetwork& network, const CompileOptions& options) {
  if (!network.size) return options.image_size.value_or(network.config.network_input.training_input_size);
  if (!options.image_size || *options.image_size == *network.size) return *network.size;
  throw InvalidParameterError("The network takes images of " + size_text(*network.size) + " and no others, not " +
                                  size_text(*options.image_size) + ".",
                              "Leave the image size unset, or export the model with a dynamic size.");
}

}  // namespace

void check_compile_options(const CompileOptions& options) {
  const Quantization precision = options.precision;
  if (precision != Quantization::fp32 && precision != Quantization::fp16 && precision != Quantization::int8) {
    throw InvalidParameterError(
        "An engine cannot be compiled with the precision " + std::string(quantization_name(precision)) + ".",
        "Use fp32, fp16 or int8.");
  }
  if (precision == Quantization::int8 && options.samples.count == 0) {
    throw InvalidParameterError("int8 needs sample images to find the ranges of its numbers.",
                                "Give some hundred pictures like those that the model will see (--images).");
  }
  if (options.version_compatible && !options.load.trt_engine_host_code_allowed) {
    throw InvalidParameterError(
        "A version compatible engine brings code that runs on the host, and trt_engine_host_code_allowed is off.",
        "Compile without version_compatible, or allow the code.");
  }
  if (options.max_compared_images == 0) {
    throw InvalidParameterError("At least one image is compared.", "Set max_compared_images to 1 or more.");
  }
  if (const auto& batch = options.batch;
      batch && !(1 <= batch->min && batch->min <= batch->opt && batch->opt <= batch->max)) {
    throw InvalidParameterError("The batch range " + batch_text(*batch) + " is not in order.",
                                "Give the least, the best and the largest batch size, at least 1 each.");
  }
  if (const auto& size = options.image_size;
      size && (size->width < 1 || size->height < 1 || size->width > kMaxImageSide || size->height > kMaxImageSide)) {
    throw InvalidParameterError("The image size " + size_text(*size) + " is out of range.",
                                "Give width and height in pixels, such as 640x640.");
  }
}

EnginePlan plan_engine(const OnnxNetwork& network, const CompileOptions& options) {
  return {
      .batch = planned_batch(network, options), .size = planned_size(network, options), .dynamic_size = !network.size};
}

Json engine_origin(const CompileSource& source, const OnnxNetwork& network, const EnginePlan& plan,
                   const CompileOptions& options, const CompileSamples& samples,
                   const EnvironmentDescription& environment, CompileReporter& reporter) {
  Json gpus = Json::array();
  for (const GpuDescription& gpu : environment.machine.gpus) gpus.push_back(gpu.name + " " + gpu.compute_capability);
  const auto trt = std::ranges::find(environment.backends, "trt", &BackendDescription::name);
  const bool int8 = options.precision == Quantization::int8;
  return {{"sourcePackageId", source.package.id},
          {"sourceMd5", hub::hash_file(network.file).md5},
          {"precision", std::string(quantization_name(options.precision))},
          {"batch", {plan.batch.min, plan.batch.opt, plan.batch.max}},
          {"imageSize", {plan.size.width, plan.size.height}},
          {"workspaceBytes", options.workspace_bytes},
          {"versionCompatible", options.version_compatible},
          {"sameComputeCapability", options.same_compute_capability},
          {"calibrationImages", int8 ? Json(samples.digest(reporter)) : Json()},
          {"device", options.load.session.device},
          {"gpus", std::move(gpus)},
          {"runtimeVersion", trt != environment.backends.end() ? trt->runtime_version : ""}};
}

}  // namespace inference_exp
