#include "packages/manifest_kinds.hpp"

#include <array>
#include <variant>

#include "core/text.hpp"
#include "core/version.hpp"
#include "inference_exp/errors.hpp"
#include "packages/manifest_parts.hpp"

namespace inference_exp::packages {

namespace {

using Machine = TrtPackageDetails::Machine;

enum class Details : std::uint8_t { none, onnx, trt, torch_script };

/// What a kind of package is called in the three places, and which keys it has.
struct Kind {
  std::string_view type;
  std::string_view backend_type;  ///< empty: not said in the manifest
  std::string_view backend;
  Details details = Details::none;
  bool quantization = true;
  bool batch = true;
};

constexpr auto kKinds = std::to_array<Kind>({
    {"onnx-model-package-v1", "onnx", "onnx", Details::onnx},
    {"trt-model-package-v1", "trt", "trt", Details::trt},
    {"torch-model-package-v1", "torch", "torch"},
    {"torch-script-model-package-v1", "torch-script", "torch-script", Details::torch_script},
    {"hf-model-package-v1", "hf", "hugging-face", Details::none, true, false},
    {"ultralytics-model-package-v1", "", "ultralytics", Details::none, false, false},
    {"mediapipe-model-package-v1", "mediapipe", "mediapipe", Details::none, false, false},
});

struct MachineKind {
  Machine machine;
  std::string_view type;
  std::string_view specs_type;
};

constexpr auto kMachines = std::to_array<MachineKind>({
    {Machine::gpu_server, "gpu-server", "gpu-server-specs-v1"},
    {Machine::jetson, "jetson", "jetson-machine-specs-v1"},
});

[[noreturn]] void contradiction(const std::string& what) { throw ModelMetadataConsistencyError(what, kPackageHint); }

void expect_word(const JsonReader& reader, std::string_view word) {
  if (!reader.value().is_string() || reader.text() != word) reader.fail(in_quotes(word));
}

std::string parse_version(const JsonReader& reader) {
  if (!Version::parse(reader.text())) reader.fail("a version such as \"10.3.0\"");
  return reader.text();
}

bool parse_flag(const JsonReader& manifest, std::string_view key) {
  return manifest.optional(key, parse_boolean).value_or(false);
}

Quantization parse_announced_quantization(const JsonReader& reader) {
  return parse_quantization(shorten(reader.text(), kQuotedLength));  // long enough to stay an unknown word
}

BatchSupport parse_batch(const JsonReader& manifest, Details details) {
  BatchSupport batch;
  batch.dynamic = parse_flag(manifest, "dynamicBatchSize");
  batch.static_size = manifest.optional("staticBatchSize", parse_count);
  if (batch.dynamic && batch.static_size) contradiction("A package has both a dynamic and a static batch size.");
  if (!batch.dynamic && !batch.static_size) contradiction("A package has neither a dynamic nor a static batch size.");
  if (details != Details::trt) return batch;
  batch.min = manifest.optional("minBatchSize", parse_count);
  batch.opt = manifest.optional("optBatchSize", parse_count);
  batch.max = manifest.optional("maxBatchSize", parse_count);
  if (!batch.dynamic) return batch;
  if (!batch.min || !batch.opt || !batch.max) {
    contradiction("A TensorRT package with a dynamic batch size does not say its least, best and largest one.");
  }
  if (*batch.min > *batch.opt || *batch.opt > *batch.max) {
    contradiction("The least, best and largest batch size of a TensorRT package are not in that order.");
  }
  return batch;
}

OnnxPackageDetails parse_onnx(const JsonReader& manifest) {
  OnnxPackageDetails details;
  details.opset = parse_count(manifest.required("opset"));
  details.incompatible_providers =
      manifest.optional("incompatibleProviders", parse_texts).value_or(std::vector<std::string>());
  return details;
}

TorchScriptPackageDetails parse_torch_script(const JsonReader& manifest) {
  return {.device_types = parse_texts(manifest.required("supportedDeviceTypes")),
          .torch_version = parse_version(manifest.required("torchVersion")),
          .torchvision_version = manifest.optional("torchVisionVersion", parse_version)};
}

const MachineKind& machine_kind(std::string_view type) {
  for (const MachineKind& kind : kMachines) {
    if (kind.type == type) return kind;
  }
  throw ModelMetadataHandlerNotImplementedError(
      "A package is for machines of the unknown type " + in_quotes(type) + '.',
      "A later version of this library may know that kind of machine.");
}

void parse_machine(const JsonReader& manifest, TrtPackageDetails& details) {
  const MachineKind& kind = machine_kind(manifest.required("machineType").text());
  const JsonReader specs = manifest.required("machineSpecs");
  expect_word(specs.required("type"), kind.specs_type);
  details.machine = kind.machine;
  details.driver_version = parse_version(specs.required("driverVersion"));
  if (kind.machine == Machine::gpu_server) {
    details.os_version = specs.required("osVersion").text();
  } else {
    details.l4t_version = parse_version(specs.required("l4tVersion"));
    details.jetson_name = specs.required("deviceName").text();
  }
}

TrtPackageDetails parse_trt(const JsonReader& manifest) {
  TrtPackageDetails details;
  details.device_name = manifest.required("cudaDeviceType").text();
  details.compute_capability = parse_version(manifest.required("cudaDeviceCC"));
  details.cuda_version = parse_version(manifest.required("cudaVersion"));
  details.trt_version = parse_version(manifest.required("trtVersion"));
  details.same_cc_compatible = parse_flag(manifest, "sameCCCompatible");
  details.forward_compatible = parse_flag(manifest, "trtForwardCompatible");
  details.lean_runtime_excluded = parse_flag(manifest, "trtLeanRuntimeExcluded");
  parse_machine(manifest, details);
  return details;
}

const Kind& kind_of_type(std::string_view type) {
  for (const Kind& kind : kKinds) {
    if (kind.type == type) return kind;
  }
  throw ModelMetadataHandlerNotImplementedError("Packages of the type " + in_quotes(type) + " are unknown.",
                                                "A later version of this library may know that kind of package.");
}

Details details_of(const PackageMetadata& package) {
  constexpr std::array kByIndex{Details::none, Details::onnx, Details::trt, Details::torch_script};
  static_assert(kByIndex.size() == std::variant_size_v<decltype(package.details)>);
  return kByIndex[package.details.index()];
}

const Kind& kind_of_package(const PackageMetadata& package) {
  for (const Kind& kind : kKinds) {
    if (kind.backend == package.backend && kind.details == details_of(package)) return kind;
  }
  throw InvalidParameterError("No kind of package manifest fits the backend " + in_quotes(package.backend) + '.',
                              "A package needs a known backend, and the details of that backend.");
}

void write_batch(const BatchSupport& batch, Details details, Json& manifest) {
  manifest["dynamicBatchSize"] = batch.dynamic;
  manifest["staticBatchSize"] = json_or_null(batch.static_size);
  if (details != Details::trt) return;
  manifest["minBatchSize"] = json_or_null(batch.min);
  manifest["optBatchSize"] = json_or_null(batch.opt);
  manifest["maxBatchSize"] = json_or_null(batch.max);
}

void write_details(std::monostate /*none*/, Json& /*manifest*/) {}

void write_details(const OnnxPackageDetails& details, Json& manifest) {
  manifest["opset"] = details.opset;
  manifest["incompatibleProviders"] = details.incompatible_providers;
}

void write_details(const TorchScriptPackageDetails& details, Json& manifest) {
  manifest["supportedDeviceTypes"] = details.device_types;
  manifest["torchVersion"] = details.torch_version;
  manifest["torchVisionVersion"] = json_or_null(details.torchvision_version);
}

void write_details(const TrtPackageDetails& details, Json& manifest) {
  const MachineKind& machine = kMachines[details.machine == Machine::gpu_server ? 0 : 1];
  manifest["cudaDeviceType"] = details.device_name;
  manifest["cudaDeviceCC"] = details.compute_capability;
  manifest["cudaVersion"] = details.cuda_version;
  manifest["trtVersion"] = details.trt_version;
  manifest["sameCCCompatible"] = details.same_cc_compatible;
  manifest["trtForwardCompatible"] = details.forward_compatible;
  manifest["trtLeanRuntimeExcluded"] = details.lean_runtime_excluded;
  manifest["machineType"] = std::string(machine.type);
  Json& specs = manifest["machineSpecs"];
  specs["type"] = std::string(machine.specs_type);
  specs["driverVersion"] = details.driver_version;
  if (details.machine == Machine::gpu_server) {
    specs["osVersion"] = details.os_version;
  } else {
    specs["l4tVersion"] = details.l4t_version;
    specs["deviceName"] = details.jetson_name;
  }
}

}  // namespace

bool is_foreign_manifest(std::string_view type) noexcept {
  return type == "oak-model-package-v1" || type == "tfjs-model-package-v1";
}

void read_manifest(const JsonReader& manifest, PackageMetadata& package) {
  const Kind& kind = kind_of_type(manifest.required("type").text());
  if (!kind.backend_type.empty()) expect_word(manifest.required("backendType"), kind.backend_type);
  package.backend = kind.backend;
  if (kind.quantization) package.quantization = parse_announced_quantization(manifest.required("quantization"));
  if (kind.batch) package.batch = parse_batch(manifest, kind.details);
  if (kind.details == Details::onnx) package.details = parse_onnx(manifest);
  if (kind.details == Details::trt) package.details = parse_trt(manifest);
  if (kind.details == Details::torch_script) package.details = parse_torch_script(manifest);
}

Json manifest_json(const PackageMetadata& package) {
  const Kind& kind = kind_of_package(package);
  Json manifest = Json::object();
  manifest["type"] = std::string(kind.type);
  if (!kind.backend_type.empty()) manifest["backendType"] = std::string(kind.backend_type);
  if (kind.quantization) manifest["quantization"] = std::string(quantization_name(package.quantization));
  if (kind.batch) write_batch(package.batch, kind.details, manifest);
  std::visit([&](const auto& details) { write_details(details, manifest); }, package.details);
  return manifest;
}

}  // namespace inference_exp::packages
