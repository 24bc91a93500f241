#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "commands.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/serialization.hpp"
#include "text_table.hpp"

namespace inference_exp::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string yes_or_no(bool flag) { return flag ? "yes" : "no"; }

std::string or_unknown(std::string text) { return text.empty() ? "N/A" : std::move(text); }

std::string batch_text(const BatchSupport& batch) {
  if (batch.dynamic) return "N";
  return batch.static_size ? std::to_string(*batch.static_size) : "N/A";
}

std::string quantization_text(Quantization quantization) {
  return quantization == Quantization::unknown ? "N/A" : std::string(quantization_name(quantization));
}

bool size_is_incomplete(const DescribedModel& described, const std::string& id) {
  return std::ranges::find(described.incomplete_sizes, id) != described.incomplete_sizes.end();
}

/// The sum of what is known; '!' where that is not all.
std::string size_text_of(const DescribedModel& described, const std::string& id) {
  const auto size = described.sizes.find(id);
  const std::string text = size == described.sizes.end() ? "N/A" : size_text(size->second);
  return size_is_incomplete(described, id) ? text + " !" : text;
}

/// "coco/3 (alias: yolov8n-640)"
std::string model_id_text(const DescribedModel& described) {
  const bool alias = described.requested_model != described.model.model_id;
  return described.model.model_id + (alias ? " (alias: " + described.requested_model + ")" : "");
}

std::string dependencies_text(const std::vector<ModelDependency>& dependencies) {
  std::vector<std::string> parts;
  parts.reserve(dependencies.size());
  for (const ModelDependency& dependency : dependencies) {
    parts.push_back(dependency.name + " = " + dependency.model_id +
                    (dependency.package_id ? " (package " + *dependency.package_id + ")" : ""));
  }
  return joined(parts);
}

void print_size_remark(const DescribedModel& described) {
  if (!described.incomplete_sizes.empty()) {
    std::cout << "\n! The size of at least one file could not be found out: the sum is larger.\n";
  }
}

void print_packages(const DescribedModel& described, bool with_sizes) {
  std::vector<TextTable::Column> columns{
      {"PACKAGE"}, {"BACKEND"}, {"BATCH", TextTable::Align::right}, {"QUANTIZATION"}};
  if (with_sizes) columns.push_back({"SIZE", TextTable::Align::right});
  columns.push_back({"TRUSTED"});
  TextTable table(std::move(columns));
  for (const PackageMetadata& package : described.model.packages) {
    std::vector<std::string> cells{package.id, package.backend, batch_text(package.batch),
                                   quantization_text(package.quantization)};
    if (with_sizes) cells.push_back(size_text_of(described, package.id));
    cells.push_back(yes_or_no(package.trusted));
    table.add(std::move(cells));
  }
  table.print(std::cout);
}

void print_skipped(const std::vector<SkippedPackage>& skipped) {
  if (skipped.empty()) return;
  std::cout << "\nPackages that this library can't use:\n";
  for (const SkippedPackage& package : skipped) {
    std::cout << "  " << printable(or_unknown(package.id)) << " (" << printable(or_unknown(package.kind))
              << "): " << printable(package.reason) << '\n';
  }
}

void print_model(const DescribedModel& described, bool with_sizes) {
  const ModelMetadata& model = described.model;
  print_facts(std::cout, {{"Model ID", model_id_text(described)},
                          {"Architecture", or_unknown(model.architecture)},
                          {"Variant", or_unknown(model.variant)},
                          {"Task", or_unknown(model.task)},
                          {"Licence", described.license.value_or("")},
                          {"Weights provider", described.weights_provider},
                          {"Packages", std::to_string(model.packages.size())},
                          {"Dependencies", dependencies_text(model.dependencies)}});
  std::cout << '\n';
  print_packages(described, with_sizes);
  if (with_sizes) print_size_remark(described);
  print_skipped(model.skipped);
}

/// "1 to 16, best 8"
std::string trt_batch_text(const BatchSupport& batch) {
  if (!batch.min || !batch.opt || !batch.max) return "";
  return std::to_string(*batch.min) + " to " + std::to_string(*batch.max) + ", best " + std::to_string(*batch.opt);
}

/// What only packages of one kind have.
Facts facts_of(const std::monostate&, const BatchSupport&) { return {}; }

Facts facts_of(const OnnxPackageDetails& onnx, const BatchSupport&) {
  return {{"ONNX opset", std::to_string(onnx.opset)}, {"Can't run on", joined(onnx.incompatible_providers)}};
}

Facts facts_of(const TrtPackageDetails& trt, const BatchSupport& batch) {
  return {{"Dynamic batch", trt_batch_text(batch)},
          {"Any GPU of its capability", yes_or_no(trt.same_cc_compatible)},
          {"Later TensorRT versions", yes_or_no(trt.forward_compatible)},
          {"Lean runtime", trt.lean_runtime_excluded ? "excluded" : "included"},
          {"Compiled on", or_unknown(trt.device_name)},
          {"Compute capability", or_unknown(trt.compute_capability)},
          {"CUDA", or_unknown(trt.cuda_version)},
          {"Driver", or_unknown(trt.driver_version)},
          {"TensorRT", or_unknown(trt.trt_version)},
          {"Operating system", trt.os_version},
          {"Jetson", trt.jetson_name},
          {"L4T", trt.l4t_version}};
}

Facts facts_of(const TorchScriptPackageDetails& script, const BatchSupport&) {
  return {{"Devices", joined(script.device_types)},
          {"PyTorch", or_unknown(script.torch_version)},
          {"torchvision", script.torchvision_version.value_or("")}};
}

std::string features_text(const PackageMetadata& package) {
  std::vector<std::string> parts;
  parts.reserve(package.features.size());
  for (const auto& [name, value] : package.features) parts.push_back(name + " = " + value);
  return joined(parts);
}

void print_package(const DescribedModel& described, const PackageMetadata& package) {
  Facts facts{{"Model ID", model_id_text(described)},
              {"Package ID", package.id},
              {"Backend", package.backend},
              {"Batch size", batch_text(package.batch)},
              {"Quantization", quantization_text(package.quantization)},
              {"Files", std::to_string(package.files.size())},
              {"Size", size_text_of(described, package.id)},
              {"Trusted", yes_or_no(package.trusted)}};
  const Facts special =
      std::visit([&](const auto& details) { return facts_of(details, package.batch); }, package.details);
  facts.insert(facts.end(), special.begin(), special.end());
  facts.emplace_back("Features", features_text(package));
  print_facts(std::cout, facts);
  print_size_remark(described);
}

/// Leaves nothing but the package of that id.
void keep_only(DescribedModel& described, const std::string& id) {
  std::vector<PackageMetadata>& packages = described.model.packages;
  std::vector<std::string> ids;
  ids.reserve(packages.size());
  for (const PackageMetadata& package : packages) ids.push_back(package.id);
  std::erase_if(packages, [&](const PackageMetadata& package) { return package.id != id; });
  std::erase_if(described.incomplete_sizes, [&](const std::string& incomplete) { return incomplete != id; });
  if (packages.empty()) {
    throw NoModelPackagesAvailableError("The model " + described.model.model_id + " has no package \"" + id + "\".",
                                        "It has: " + joined(ids) + ".");
  }
}

}  // namespace

ExitCode run(const DescribeArguments& arguments) {
  const bool one_package = !arguments.package.empty();
  const bool with_sizes = arguments.sizes || one_package;
  DescribedModel described = describe_model(arguments.model, arguments.load, with_sizes);
  if (one_package) keep_only(described, arguments.package);
  if (arguments.json) {
    std::cout << to_json(described) << '\n';
  } else if (one_package) {
    for (const PackageMetadata& package : described.model.packages) print_package(described, package);
  } else {
    print_model(described, with_sizes);
  }
  return ExitCode::ok;
}

}  // namespace inference_exp::cli
