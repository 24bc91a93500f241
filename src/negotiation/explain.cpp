// A Decision as text.
#include <algorithm>

#include "inference_exp/negotiation.hpp"
#include "negotiation/wording.hpp"

namespace inference_exp {

namespace {

using negotiation::count_of;

std::string batch_text(const BatchSupport& batch) {
  if (batch.static_size) return "batch of " + std::to_string(*batch.static_size);
  if (!batch.dynamic) return "any batch";
  std::string text = "dynamic batch";
  if (batch.min && batch.max) text += " of " + negotiation::range_of(*batch.min, *batch.max);
  if (batch.opt) text += " (best " + std::to_string(*batch.opt) + ")";
  return text;
}

std::string details_text(const OnnxPackageDetails& onnx) {
  std::string text = ", opset " + std::to_string(onnx.opset);
  if (!onnx.incompatible_providers.empty()) text += ", not on " + negotiation::list_of(onnx.incompatible_providers);
  return text;
}

std::string details_text(const TrtPackageDetails& engine) {
  std::string text = ", TensorRT " + engine.trt_version + (engine.forward_compatible ? " or later" : "");
  if (engine.lean_runtime_excluded) text += " without its lean runtime";
  text += ", CUDA " + engine.cuda_version + ", driver " + engine.driver_version + ", compiled on " + engine.device_name;
  text += engine.same_cc_compatible ? " for compute capability " + engine.compute_capability
                                    : " (compute capability " + engine.compute_capability + ")";
  if (engine.machine == TrtPackageDetails::Machine::gpu_server) return text + ", " + engine.os_version;
  return text + ", " + engine.jetson_name + ", L4T " + engine.l4t_version;
}

std::string details_text(const TorchScriptPackageDetails& script) {
  return ", PyTorch " + script.torch_version + " or later, for " + negotiation::list_of(script.device_types);
}

std::string details_text(const std::monostate& /*none*/) { return {}; }

std::string describe(const PackageMetadata& package) {
  std::string text = package.id + ": " + package.backend + ", " + std::string(quantization_name(package.quantization)) +
                     ", " + batch_text(package.batch);
  text += std::visit([](const auto& details) { return details_text(details); }, package.details);
  for (const auto& [name, value] : package.features) text += ", " + name;
  if (!package.trusted) text += ", untrusted";
  return text;
}

std::string details_of(const Rejection& rejection) {
  std::string text;
  for (const auto& [name, value] : rejection.details) {
    text += (text.empty() ? " (" : "; ") + name + ": " + value;
  }
  return text.empty() ? text : text + ")";
}

std::string why_after(const RankedPackage& better, const RankedPackage& package) {
  const auto [first, second] = std::ranges::mismatch(better.keys, package.keys, {}, &RankKey::value, &RankKey::value);
  if (first == better.keys.end() || second == package.keys.end()) return "as good as the one above, announced later";
  return "loses on " + std::string(second->name) + ": " + second->text + " against " + first->text;
}

std::string announced_text(const ModelMetadata& model) {
  std::string text = "Announced: " + count_of(model.packages.size(), "package") + "\n";
  for (std::size_t i = 0; i < model.packages.size(); ++i) {
    text += "  " + std::to_string(i + 1) + ". " + describe(model.packages[i]) + "\n";
  }
  if (model.skipped.empty()) return text;
  text += "Skipped: " + count_of(model.skipped.size(), "package") + "\n";
  for (const SkippedPackage& skipped : model.skipped) {
    text += "  " + (skipped.id.empty() ? "without an id" : skipped.id);
    if (!skipped.kind.empty()) text += " (" + skipped.kind + ")";
    text += ": " + skipped.reason + "\n";
  }
  return text;
}

std::string rejections_text(const Decision& decision) {
  if (decision.rejections.empty()) return {};
  std::string text = "Ruled out: " + count_of(decision.rejections.size(), "package") + "\n";
  for (const Rejection& rejection : decision.rejections) {
    text += "  " + rejection.package_id + " by " + std::string(stage_name(rejection.stage)) + ": " + rejection.reason +
            details_of(rejection) + "\n";
  }
  return text;
}

std::string ranked_text(const Decision& decision) {
  if (decision.ranked.empty()) return "Can run here: no package\n";
  std::string text = "Can run here, best first (backends in the order " + decision.ranking + "):\n";
  for (std::size_t i = 0; i < decision.ranked.size(); ++i) {
    const PackageMetadata& package = decision.ranked[i].package;
    text += "  " + std::to_string(i + 1) + ". " + package.id + " (" + package.backend + ", " +
            std::string(quantization_name(package.quantization)) + ")";
    if (i > 0) text += " " + why_after(decision.ranked[i - 1], decision.ranked[i]);
    text += "\n";
  }
  return text;
}

}  // namespace

std::string explain(const Decision& decision) {
  const ModelMetadata& model = decision.model;
  std::string text = "Model: " + decision.requested_model;
  if (model.model_id != decision.requested_model) text += " (" + model.model_id + ")";
  text += ", " + model.architecture + ", " + model.task + "\n";
  text += "Request: " + decision.filters + "\n";
  return text + announced_text(model) + rejections_text(decision) + ranked_text(decision);
}

}  // namespace inference_exp
