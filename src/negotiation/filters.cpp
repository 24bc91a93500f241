#include "negotiation/filters.hpp"

#include <algorithm>
#include <vector>

#include "negotiation/batch_limits.hpp"
#include "negotiation/wording.hpp"

namespace inference_exp::negotiation {

namespace {

bool contains(const auto& items, const auto& item) { return std::ranges::find(items, item) != std::ranges::end(items); }

std::vector<std::string_view> features_of(const PackageMetadata& package) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : package.features) names.push_back(name);
  return names;
}

/// Those of `wanted` that are not among `there`.
std::vector<std::string_view> missing(const std::vector<std::string_view>& wanted,
                                      const std::vector<std::string_view>& there) {
  std::vector<std::string_view> result;
  std::ranges::copy_if(wanted, std::back_inserter(result),
                       [&](std::string_view name) { return !contains(there, name); });
  return result;
}

}  // namespace

Verdict check_package_id(const PackageMetadata& package, const Context& context) {
  const std::optional<std::string>& asked = context.options.model_package_id;
  if (!asked || package.id == *asked) return std::nullopt;
  return Refusal{.reason = "The package is not \"" + *asked + "\", the only one that was asked for.",
                 .option = "model_package_id"};
}

Verdict check_implementation(const PackageMetadata& package, const Context& context) {
  const std::string what =
      context.model.architecture + " (" + context.model.task + ") for the backend \"" + package.backend + "\"";
  const std::vector<std::string_view> features = features_of(package);
  const Implementation* closest = nullptr;
  for (const Implementation& candidate : context.implementations) {
    if (candidate.architecture != context.model.architecture || candidate.task != context.model.task ||
        candidate.backend != package.backend) {
      continue;
    }
    closest = &candidate;
    if (missing(features, candidate.supported_features).empty() &&
        missing(candidate.required_features, features).empty()) {
      return std::nullopt;
    }
  }
  if (closest == nullptr) {
    return Refusal{.reason = "This library has no implementation of " + what + "; a newer version may have one."};
  }
  if (const auto unsupported = missing(features, closest->supported_features); !unsupported.empty()) {
    return Refusal{.reason = "This library's implementation of " + what + " does not support these features of the " +
                             "package: " + list_of(unsupported) + "; a newer version may.",
                   .needed = list_of(features),
                   .available = list_of(closest->supported_features)};
  }
  return Refusal{.reason = "This library's implementation of " + what + " needs features that the package lacks: " +
                           list_of(missing(closest->required_features, features)) + ".",
                 .needed = list_of(closest->required_features),
                 .available = list_of(features)};
}

Verdict check_trust(const PackageMetadata& package, const Context& context) {
  if (package.trusted || context.options.allow_untrusted_packages) return std::nullopt;
  return Refusal{.reason = "The package is not from a trusted source, and untrusted packages are not allowed.",
                 .option = "allow_untrusted_packages"};
}

Verdict check_backend(const PackageMetadata& package, const Context& context) {
  const std::vector<std::string>& asked = context.request.backends;
  if (asked.empty() || contains(asked, package.backend)) return std::nullopt;
  return Refusal{.reason = "The backend \"" + package.backend +
                           "\" is not among those that were asked for: " + list_of(asked) + ".",
                 .option = "backends"};
}

Verdict check_batch_size(const PackageMetadata& package, const Context& context) {
  if (!context.request.batch_size) return std::nullopt;
  const BatchRange& asked = *context.request.batch_size;
  const std::optional<BatchRange> limits = batch_limits(package.batch);
  // A package of one size serves any range around it; one with a range must serve all that was asked for.
  const bool fits = !limits || (package.batch.dynamic ? limits->min <= asked.min && asked.max <= limits->max
                                                      : asked.min <= limits->min && limits->min <= asked.max);
  if (fits) return std::nullopt;
  const std::string range = range_of(asked.min, asked.max);
  return Refusal{.reason = "The package does not take the batch size that was asked for, " + range + ".",
                 .needed = range,
                 .available = range_of(limits->min, limits->max),
                 .option = "batch_size"};
}

Verdict check_quantization(const PackageMetadata& package, const Context& context) {
  const Request& request = context.request;
  if (request.quantizations.empty() || contains(request.quantizations, package.quantization)) return std::nullopt;
  const std::string allowed = list_of(request.quantizations, quantization_name);
  return Refusal{.reason = request.default_quantizations
                               ? "The quantization is not among the default ones for the device: " + allowed + "."
                               : "The quantization is not among those that were asked for: " + allowed + ".",
                 .needed = allowed,
                 .available = std::string(quantization_name(package.quantization)),
                 .option = "quantization"};
}

}  // namespace inference_exp::negotiation
