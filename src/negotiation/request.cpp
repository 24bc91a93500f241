#include "negotiation/request.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "negotiation/wording.hpp"

namespace inference_exp::negotiation {

namespace {

/// What a package may call its backend. Only some can run here, but asking for the others is no misspelling.
constexpr std::array<std::string_view, 8> kBackendTypes{"onnx",         "trt",         "torch",     "torch-script",
                                                        "hugging-face", "ultralytics", "mediapipe", "custom"};

std::vector<std::string> check_backends(const LoadOptions& options, const EnvironmentDescription& environment) {
  std::vector<std::string> backends;
  for (const std::string& asked : options.backends) {
    std::string name = lower_case(asked);
    const bool known =
        std::ranges::find(kBackendTypes, name) != kBackendTypes.end() ||
        std::ranges::find(environment.backends, name, &BackendDescription::name) != environment.backends.end();
    if (!known) {
      throw UnknownBackendTypeError("There is no backend \"" + asked + "\".",
                                    "Known are onnx, trt, torch and torch-script.");
    }
    backends.push_back(std::move(name));
  }
  return backends;
}

void check_batch_size(const std::optional<BatchRange>& batch) {
  if (!batch || (batch->min > 0 && batch->max >= batch->min)) return;
  throw InvalidRequestedBatchSizeError(
      "A batch size of " + range_of(batch->min, batch->max) + " is not a size or a range of sizes.",
      "Both ends of LoadOptions::batch_size must be at least 1, and the second at least the first.");
}

void check_range(const std::optional<NumberRange>& range, std::string_view name) {
  if (!range || (std::isfinite(range->low) && std::isfinite(range->high) && range->low <= range->high)) return;
  throw InvalidParameterError("The preferred " + std::string(name) + " of fused NMS, " + number_text(range->low) +
                                  " to " + number_text(range->high) + ", is not a range.",
                              "Give two numbers, the smaller one first.");
}

void check_fusion_preferences(const std::optional<NmsFusionPreferences>& preferences) {
  if (!preferences) return;
  check_range(preferences->max_detections, "max_detections");
  check_range(preferences->confidence_threshold, "confidence_threshold");
  check_range(preferences->iou_threshold, "iou_threshold");
}

/// GPUs that the machine's description lists, or that a backend sees where the description knows of fewer.
std::size_t gpu_count(const EnvironmentDescription& environment) {
  std::size_t count = environment.machine.gpus.size();
  for (const BackendDescription& backend : environment.backends) {
    const auto seen =
        std::ranges::count_if(backend.devices, [](const std::string& name) { return name.starts_with("cuda:"); });
    count = std::max(count, static_cast<std::size_t>(seen));
  }
  return count;
}

void check_device_exists(const Device& device, const EnvironmentDescription& environment) {
  const std::size_t count = gpu_count(environment);
  if (!device.index || *device.index < count) return;
  throw ModelPackageNegotiationError(
      "The device cuda:" + std::to_string(*device.index) + " does not exist: this machine has " +
          (count == 0 ? std::string("no GPU that can be used") : count_of(count, "GPU")) + ".",
      count == 0 ? "Use the device \"cpu\", or leave it empty." : "GPUs are counted from 0.");
}

/// A machine without a GPU is the device "cpu" where none is named, as in the original.
std::vector<Quantization> default_quantizations(const Device& device, const EnvironmentDescription& environment) {
  using enum Quantization;
  const bool cpu = device.kind == Device::Kind::cpu ||
                   (device.kind == Device::Kind::unspecified && environment.machine.gpus.empty());
  return cpu ? std::vector{unknown, fp32, bf16} : std::vector{unknown, fp32, fp16};
}

}  // namespace

Device parse_device(std::string_view text) {
  using Kind = Device::Kind;
  if (text.empty()) return {};
  if (text == "cpu") return {.kind = Kind::cpu, .index = {}};
  if (text == "mps") return {.kind = Kind::mps, .index = {}};
  if (text == "cuda") return {.kind = Kind::cuda, .index = {}};
  constexpr std::string_view kIndexed = "cuda:";
  if (text.starts_with(kIndexed)) {
    if (const std::optional<std::int32_t> index = parse_decimal(text.substr(kIndexed.size()))) {
      return {.kind = Kind::cuda, .index = static_cast<std::size_t>(*index)};
    }
  }
  throw InvalidParameterError("\"" + std::string(text) + "\" is not a device.",
                              R"(Use "cpu", "cuda", "cuda:<number>" or "mps", or leave it empty.)");
}

Request check_request(const LoadOptions& options, const EnvironmentDescription& environment) {
  check_batch_size(options.batch_size);
  check_fusion_preferences(options.nms_fusion_preferences);
  Request request;
  request.backends = check_backends(options, environment);
  request.batch_size = options.batch_size;
  request.device = parse_device(options.session.device);
  check_device_exists(request.device, environment);
  request.default_quantizations = !options.quantization;
  request.quantizations =
      options.quantization ? *options.quantization : default_quantizations(request.device, environment);
  return request;
}

std::string describe_request(const Request& request, const LoadOptions& options) {
  std::string text;
  if (options.model_package_id) text += "package: " + *options.model_package_id + " (no other filter but trust); ";
  text += "untrusted packages: " + std::string(options.allow_untrusted_packages ? "allowed" : "not allowed");
  text += "; backends: " + (request.backends.empty() ? std::string("any") : list_of(request.backends));
  text += "; batch size: " +
          (request.batch_size ? range_of(request.batch_size->min, request.batch_size->max) : std::string("any"));
  text += "; quantization: " +
          (request.quantizations.empty() ? std::string("any") : list_of(request.quantizations, quantization_name));
  if (request.default_quantizations) text += " (default)";
  text += "; device: " + (options.session.device.empty() ? std::string("any") : options.session.device);
  if (!options.session.execution_providers.empty()) {
    text += "; execution providers: " + list_of(options.session.execution_providers, &ExecutionProvider::name);
  }
  text += "; TensorRT host code: " + std::string(options.trt_engine_host_code_allowed ? "allowed" : "not allowed");
  text += "; fused NMS: " + std::string(options.nms_fusion_preferences ? "as preferred" : "not wanted");
  return text;
}

}  // namespace inference_exp::negotiation
