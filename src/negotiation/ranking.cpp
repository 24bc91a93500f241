#include "negotiation/ranking.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "negotiation/batch_limits.hpp"
#include "negotiation/nms_fusion.hpp"
#include "negotiation/wording.hpp"

namespace inference_exp::negotiation {

namespace {

struct BackendValue {
  std::string_view backend;
  double trt_torch_onnx;
  double trt_onnx_torch;
};

constexpr std::array<BackendValue, 8> kBackendValues{{{"trt", 7, 7},
                                                      {"torch", 6, 5},
                                                      {"onnx", 3, 6},
                                                      {"hugging-face", 5, 4},
                                                      {"torch-script", 3, 3},
                                                      {"mediapipe", 2, 2},
                                                      {"ultralytics", 1, 1},
                                                      {"custom", 0, 0}}};

double backend_value(std::string_view backend, BackendRanking ranking) {
  const auto* row = std::ranges::find(kBackendValues, backend, &BackendValue::backend);
  if (row == kBackendValues.end()) return 0;
  return ranking == BackendRanking::trt_torch_onnx ? row->trt_torch_onnx : row->trt_onnx_torch;
}

double quantization_value(Quantization quantization) {
  switch (quantization) {
    case Quantization::int8:
      return 4;
    case Quantization::fp16:
      return 3;
    case Quantization::fp32:
      return 2;
    case Quantization::unknown:
      return 1;
    case Quantization::bf16:
      break;
  }
  return 0;
}

/// Places in an ascending list without repetitions, the first being 0, the next -1, and so on.
template <typename Value>
class Places {
 public:
  explicit Places(std::vector<Value> values) : values_(std::move(values)) {
    std::ranges::sort(values_);
    values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
  }
  [[nodiscard]] double of(const Value& value) const {
    return -static_cast<double>(std::ranges::lower_bound(values_, value) - values_.begin());
  }
  /// Where the list has nothing to compare with: beside its last value.
  [[nodiscard]] double last() const { return values_.empty() ? 0 : 1 - static_cast<double>(values_.size()); }

 private:
  std::vector<Value> values_;
};

const TrtPackageDetails* engine_of(const PackageMetadata& package) {
  return std::get_if<TrtPackageDetails>(&package.details);
}

/// The versions of one kind (CUDA, TensorRT) that the packages name.
Places<Version> versions_of(const std::vector<const PackageMetadata*>& packages, std::string TrtPackageDetails::*text) {
  std::vector<Version> versions;
  for (const PackageMetadata* package : packages) {
    const TrtPackageDetails* engine = engine_of(*package);
    if (engine == nullptr) continue;
    if (std::optional<Version> version = Version::parse(engine->*text)) versions.push_back(*std::move(version));
  }
  return Places<Version>(std::move(versions));
}

Places<std::string_view> ids_of(const std::vector<const PackageMetadata*>& packages) {
  std::vector<std::string_view> ids;
  ids.reserve(packages.size());
  for (const PackageMetadata* package : packages) ids.emplace_back(package->id);
  return Places<std::string_view>(std::move(ids));
}

/// Writes the keys of one package after another; what is compared among packages is looked up first.
class KeyWriter {
 public:
  KeyWriter(const std::vector<const PackageMetadata*>& packages, const Context& context)
      : context_(context),
        ids_(ids_of(packages)),
        cuda_(versions_of(packages, &TrtPackageDetails::cuda_version)),
        trt_(versions_of(packages, &TrtPackageDetails::trt_version)) {}

  [[nodiscard]] std::vector<RankKey> keys(const PackageMetadata& package) const {
    constexpr std::size_t kKeyCount = 20;
    std::vector<RankKey> keys;
    keys.reserve(kKeyCount);
    add_basics(package, keys);
    add_engine(package, keys);
    add_fit(package, keys);
    add_machine(package, keys);
    keys.push_back({"package id", ids_.of(package.id), package.id});
    return keys;
  }

 private:
  static RankKey yes_or_no(std::string_view name, bool value) {
    return {name, value ? 1.0 : 0.0, value ? "yes" : "no"};
  }

  void add_basics(const PackageMetadata& package, std::vector<RankKey>& keys) const {
    keys.push_back({"backend", backend_value(package.backend, context_.options.backend_ranking), package.backend});
    keys.push_back({"quantization", quantization_value(package.quantization),
                    std::string(quantization_name(package.quantization))});
    keys.push_back(yes_or_no("trusted", package.trusted));
    const bool dynamic = package.batch.dynamic;
    keys.push_back({"batch mode", dynamic ? 2.0 : 1.0, dynamic ? "dynamic" : "static"});
    const std::int32_t size = package.batch.static_size.value_or(0);
    keys.push_back({"static batch size", -static_cast<double>(size), size > 0 ? std::to_string(size) : "none"});
    const auto* onnx = std::get_if<OnnxPackageDetails>(&package.details);
    keys.push_back({"opset", onnx != nullptr ? static_cast<double>(onnx->opset) : -1.0,
                    onnx != nullptr ? std::to_string(onnx->opset) : "none"});
  }

  void add_engine(const PackageMetadata& package, std::vector<RankKey>& keys) const {
    const TrtPackageDetails* engine = engine_of(package);
    keys.push_back(yes_or_no("for this TensorRT version alone", engine == nullptr || !engine->forward_compatible));
    keys.push_back(yes_or_no("for this GPU alone", engine == nullptr || !engine->same_cc_compatible));
    const auto same_name = engine == nullptr ? 0
                                             : std::ranges::count(context_.gpus, engine->device_name,
                                                                  [](const GpuDescription* gpu) { return gpu->name; });
    keys.push_back({"GPUs of its name", static_cast<double>(same_name), std::to_string(same_name)});
    keys.push_back(version_key("CUDA version", cuda_, engine, &TrtPackageDetails::cuda_version));
    keys.push_back(version_key("TensorRT version", trt_, engine, &TrtPackageDetails::trt_version));
  }

  static RankKey version_key(std::string_view name, const Places<Version>& places, const TrtPackageDetails* engine,
                             std::string TrtPackageDetails::*text) {
    const std::optional<Version> version = engine != nullptr ? Version::parse(engine->*text) : std::nullopt;
    if (!version) return {name, places.last(), "none"};
    return {name, places.of(*version), engine->*text};
  }

  void add_fit(const PackageMetadata& package, std::vector<RankKey>& keys) const {
    const std::size_t clashes = incompatible_providers(package);
    keys.push_back({"incompatible execution providers", -static_cast<double>(clashes), std::to_string(clashes)});
    const std::optional<BatchRange> limits =
        engine_of(package) != nullptr && package.batch.dynamic ? batch_limits(package.batch) : std::nullopt;
    const std::int32_t width = limits ? limits->max - limits->min : 0;
    keys.push_back({"range of batch sizes", static_cast<double>(width), std::to_string(width)});
    const double closeness = nms_fusion_closeness(package, context_.options);
    keys.push_back({"fused NMS as preferred", closeness, number_text(closeness)});
  }

  /// Of those that are available here.
  [[nodiscard]] std::size_t incompatible_providers(const PackageMetadata& package) const {
    const auto* onnx = std::get_if<OnnxPackageDetails>(&package.details);
    const BackendDescription* backend = context_.backend("onnx");
    if (onnx == nullptr || backend == nullptr) return 0;
    return static_cast<std::size_t>(
        std::ranges::count_if(backend->execution_providers, [onnx](const std::string& provider) {
          return std::ranges::find(onnx->incompatible_providers, provider) != onnx->incompatible_providers.end();
        }));
  }

  void add_machine(const PackageMetadata& package, std::vector<RankKey>& keys) const {
    const TrtPackageDetails* engine = engine_of(package);
    const MachineDescription& machine = context_.environment.machine;
    const bool trt = engine != nullptr;
    const bool jetson = trt && engine->machine == TrtPackageDetails::Machine::jetson;
    keys.push_back(yes_or_no("lean runtime included", trt && !engine->lean_runtime_excluded));
    keys.push_back(yes_or_no("same Jetson", jetson && machine.jetson_type == engine->jetson_name));
    keys.push_back(yes_or_no("same operating system", trt && !jetson && machine.os_version == engine->os_version));
    keys.push_back(yes_or_no("same L4T version", jetson && same(engine->l4t_version, context_.l4t_version)));
    keys.push_back(yes_or_no("same driver", trt && same(engine->driver_version, context_.driver_version)));
  }

  static bool same(std::string_view text, const std::optional<Version>& version) {
    const std::optional<Version> wanted = version ? Version::parse(text) : std::nullopt;
    return wanted && *wanted == *version;
  }

  const Context& context_;
  Places<std::string_view> ids_;
  Places<Version> cuda_;
  Places<Version> trt_;
};

bool is_better(const RankedPackage& left, const RankedPackage& right) {
  return std::ranges::lexicographical_compare(right.keys, left.keys, {}, &RankKey::value, &RankKey::value);
}

}  // namespace

std::string_view ranking_name(BackendRanking ranking) noexcept {
  return ranking == BackendRanking::trt_torch_onnx ? "trt-torch-onnx" : "trt-onnx-torch";
}

std::vector<RankedPackage> rank(const std::vector<const PackageMetadata*>& packages, const Context& context) {
  const KeyWriter writer(packages, context);
  std::vector<RankedPackage> ranked;
  ranked.reserve(packages.size());
  for (const PackageMetadata* package : packages) ranked.push_back({*package, writer.keys(*package)});
  std::ranges::stable_sort(ranked, is_better);
  return ranked;
}

}  // namespace inference_exp::negotiation
