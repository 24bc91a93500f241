#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/json.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/serialization.hpp"

namespace inference_exp {
namespace {

/// Keys stay in the order in which they are documented.
using Object = nlohmann::ordered_json;

/// Bytes that are not UTF-8 become U+FFFD, numbers that are not finite null.
std::string text_of(const Object& object) { return object.dump(-1, ' ', false, Object::error_handler_t::replace); }

template <typename T>
Object value_or_null(const std::optional<T>& value) {
  return value ? Object(*value) : Object(nullptr);
}

/// An array of what `describe` makes of each item; an array also when there are none.
template <typename Items, typename Describe>
Object list_of(const Items& items, const Describe& describe) {
  Object list = Object::array();
  for (const auto& item : items) list.push_back(describe(item));
  return list;
}

template <typename Map>
Object map_of(const Map& map) {
  Object object = Object::object();
  for (const auto& [name, value] : map) object[name] = value;
  return object;
}

Object describe(const std::optional<RecommendedParameters>& recommended) {
  if (!recommended) return nullptr;
  return {{"confidence", value_or_null(recommended->confidence)},
          {"per_class_confidence", map_of(recommended->per_class_confidence)}};
}

Object describe(const BatchSupport& batch) {
  return {{"dynamic", batch.dynamic},
          {"static_size", value_or_null(batch.static_size)},
          {"min", value_or_null(batch.min)},
          {"opt", value_or_null(batch.opt)},
          {"max", value_or_null(batch.max)}};
}

Object describe(const std::monostate&) { return nullptr; }

Object describe(const OnnxPackageDetails& onnx) {
  return {{"kind", "onnx"}, {"opset", onnx.opset}, {"incompatible_providers", onnx.incompatible_providers}};
}

Object describe(const TrtPackageDetails& trt) {
  const bool jetson = trt.machine == TrtPackageDetails::Machine::jetson;
  return {{"kind", "trt"},
          {"device_name", trt.device_name},
          {"compute_capability", trt.compute_capability},
          {"cuda_version", trt.cuda_version},
          {"trt_version", trt.trt_version},
          {"same_cc_compatible", trt.same_cc_compatible},
          {"forward_compatible", trt.forward_compatible},
          {"lean_runtime_excluded", trt.lean_runtime_excluded},
          {"machine", jetson ? "jetson" : "gpu-server"},
          {"driver_version", trt.driver_version},
          {"os_version", trt.os_version},
          {"l4t_version", trt.l4t_version},
          {"jetson_name", trt.jetson_name}};
}

Object describe(const TorchScriptPackageDetails& script) {
  return {{"kind", "torch-script"},
          {"device_types", script.device_types},
          {"torch_version", script.torch_version},
          {"torchvision_version", value_or_null(script.torchvision_version)}};
}

/// Features hold JSON; what a provider of the caller's own made of them may not be.
Object feature_value(const std::string& text) {
  try {
    return parse_json(text, "feature");
  } catch (const CorruptedModelPackageError&) {
    return text;
  }
}

Object describe(const PackageMetadata& package) {
  Object features = Object::object();
  for (const auto& [name, value] : package.features) features[name] = feature_value(value);
  return {{"package_id", package.id},
          {"backend", package.backend},
          {"quantization", quantization_name(package.quantization)},
          {"trusted", package.trusted},
          {"batch", describe(package.batch)},
          {"details", std::visit([](const auto& details) { return describe(details); }, package.details)},
          {"files", list_of(package.files,
                            [](const PackageFile& file) {
                              return Object{{"handle", file.handle}, {"md5", value_or_null(file.md5)}};
                            })},
          {"features", std::move(features)},
          {"recommended", describe(package.recommended)}};
}

Object describe(const ModelDependency& dependency) {
  return {{"name", dependency.name},
          {"model_id", dependency.model_id},
          {"package_id", value_or_null(dependency.package_id)}};
}

Object describe(const std::vector<SkippedPackage>& skipped) {
  return list_of(skipped, [](const SkippedPackage& package) {
    return Object{{"package_id", package.id}, {"kind", package.kind}, {"reason", package.reason}};
  });
}

Object describe(const ModelMetadata& model) {
  return {
      {"model_id", model.model_id},
      {"architecture", model.architecture},
      {"variant", model.variant},
      {"task", model.task},
      {"dependencies",
       list_of(model.dependencies, [](const ModelDependency& dependency) { return describe(dependency); })},
      {"recommended", describe(model.recommended)},
      {"packages", list_of(model.packages, [](const PackageMetadata& package) { return describe(package); })},
      {"skipped", describe(model.skipped)},
  };
}

Object describe(const RankedPackage& ranked) {
  return {{"package_id", ranked.package.id},
          {"backend", ranked.package.backend},
          {"quantization", quantization_name(ranked.package.quantization)},
          {"keys", list_of(ranked.keys, [](const RankKey& key) {
             return Object{{"name", key.name}, {"value", key.value}, {"text", key.text}};
           })}};
}

Object describe(const Rejection& rejection) {
  return {{"package_id", rejection.package_id},
          {"stage", stage_name(rejection.stage)},
          {"reason", rejection.reason},
          {"details", map_of(rejection.details)}};
}

Object describe(const VerifiedPackage& package) {
  return {{"model_id", package.model_id},
          {"package_id", package.package_id},
          {"status", cache_status_name(package.status)},
          {"files", list_of(package.files, [](const VerifiedFile& file) {
             return Object{{"handle", file.handle}, {"status", cache_status_name(file.status)}};
           })}};
}

Object describe(const OfflineModel& model) {
  return {{"model_id", model.model_id},
          {"aliases", model.aliases},
          {"architecture", model.architecture},
          {"task", model.task},
          {"recorded_at", model.recorded_at},
          {"packages", list_of(model.packages, [](const VerifiedPackage& package) { return describe(package); })}};
}

Object describe(const RegisteredModel& model) {
  return {{"id", model.id},
          {"architecture", model.architecture},
          {"task", model.task},
          {"license", model.license},
          {"open", model.open}};
}

Object describe(const CachedPackage& package) {
  return {{"model_id", package.model_id},
          {"package_id", package.package_id},
          {"folder", package.folder.string()},
          {"architecture", package.architecture},
          {"task", package.task},
          {"backend", package.backend},
          {"license", package.license},
          {"bytes", package.bytes},
          {"complete", package.complete}};
}

template <typename T>
std::string list_text(std::span<const T> items) {
  return text_of(list_of(items, [](const T& item) { return describe(item); }));
}

}  // namespace

std::string to_json(const PackageMetadata& package) { return text_of(describe(package)); }

std::string to_json(const ModelMetadata& model) { return text_of(describe(model)); }

std::string to_json(const DescribedModel& described) {
  Object model = describe(described.model);
  for (std::size_t i = 0; i < described.model.packages.size(); ++i) {
    const std::string& id = described.model.packages[i].id;
    const auto size = described.sizes.find(id);
    const bool known = size != described.sizes.end();
    const bool incomplete = std::ranges::find(described.incomplete_sizes, id) != described.incomplete_sizes.end();
    Object& package = model["packages"][i];
    package["bytes"] = known ? Object(size->second) : Object(nullptr);
    package["bytes_complete"] = known && !incomplete;
  }
  return text_of({{"requested_model", described.requested_model},
                  {"weights_provider", described.weights_provider},
                  {"license", value_or_null(described.license)},
                  {"model", std::move(model)}});
}

std::string to_json(const Decision& decision) {
  const ModelMetadata& model = decision.model;
  return text_of({{"requested_model", decision.requested_model},
                  {"model",
                   {{"model_id", model.model_id},
                    {"architecture", model.architecture},
                    {"variant", model.variant},
                    {"task", model.task},
                    {"package_count", model.packages.size()}}},
                  {"ranking", decision.ranking},
                  {"filters", decision.filters},
                  {"ranked", list_of(decision.ranked, [](const RankedPackage& ranked) { return describe(ranked); })},
                  {"rejections", list_of(decision.rejections, [](const Rejection& r) { return describe(r); })},
                  {"skipped", describe(model.skipped)}});
}

std::string to_json(const PulledModel& pulled) {
  return text_of({{"model_id", pulled.model_id},
                  {"package_id", pulled.package_id},
                  {"folder", pulled.folder.string()},
                  {"bytes", pulled.bytes}});
}

std::string to_json(const PrunedCache& pruned) {
  return text_of({{"bytes", pruned.bytes}, {"removed", list_of(pruned.removed, [](const std::filesystem::path& path) {
                                              return Object(path.string());
                                            })}});
}

std::string to_json(const OfflineModel& model) { return text_of(describe(model)); }

std::string to_json(std::span<const OfflineModel> models) { return list_text(models); }
std::string to_json(std::span<const RegisteredModel> models) { return list_text(models); }
std::string to_json(std::span<const CachedPackage> packages) { return list_text(packages); }
std::string to_json(std::span<const VerifiedPackage> packages) { return list_text(packages); }

}  // namespace inference_exp
