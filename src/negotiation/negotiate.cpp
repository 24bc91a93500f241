#include "negotiation/negotiate.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "inference_exp/errors.hpp"
#include "negotiation/context.hpp"
#include "negotiation/filters.hpp"
#include "negotiation/ranking.hpp"

namespace inference_exp::negotiation {

namespace {

struct Filter {
  NegotiationStage stage;
  Verdict (*check)(const PackageMetadata& package, const Context& context);
};

constexpr std::array<Filter, 8> kFilters{{{NegotiationStage::package_id, check_package_id},
                                          {NegotiationStage::implementation, check_implementation},
                                          {NegotiationStage::trust, check_trust},
                                          {NegotiationStage::backend, check_backend},
                                          {NegotiationStage::batch_size, check_batch_size},
                                          {NegotiationStage::quantization, check_quantization},
                                          {NegotiationStage::runtime, check_runtime},
                                          {NegotiationStage::nms_fusion, check_nms_fusion}}};

/// A package that the caller names is taken as it is, if it is trusted.
bool applies(const Filter& filter, const PackageMetadata& package, const Context& context) {
  return context.options.model_package_id != package.id || filter.stage == NegotiationStage::trust;
}

void check_unambiguous(const ModelMetadata& model, const LoadOptions& options) {
  if (!options.model_package_id) return;
  const auto count = std::ranges::count(model.packages, *options.model_package_id, &PackageMetadata::id);
  if (count < 2) return;
  throw AmbiguousModelPackageResolutionError(
      std::to_string(count) + " packages of the model \"" + model.model_id + "\" have the id \"" +
          *options.model_package_id + "\".",
      "Leave out LoadOptions::model_package_id, and choose by backend, quantization or batch size.");
}

Rejection rejection(const PackageMetadata& package, NegotiationStage stage, Refusal refusal) {
  Rejection result{.package_id = package.id, .stage = stage, .reason = std::move(refusal.reason), .details = {}};
  if (!refusal.needed.empty()) result.details.emplace("needed", std::move(refusal.needed));
  if (!refusal.available.empty()) result.details.emplace("available", std::move(refusal.available));
  return result;
}

/// The first filter that the package does not pass. Where lifting that one alone would let the package through, the
/// details name the option that does so.
std::optional<Rejection> examine(const PackageMetadata& package, const Context& context) {
  const auto refuses = [&](const Filter& filter) -> Verdict {
    return applies(filter, package, context) ? filter.check(package, context) : std::nullopt;
  };
  for (const auto* filter = kFilters.begin(); filter != kFilters.end(); ++filter) {
    Verdict verdict = refuses(*filter);
    if (!verdict) continue;
    const std::string_view option = verdict->option;
    Rejection result = rejection(package, filter->stage, *std::move(verdict));
    const bool alone = !option.empty() && std::none_of(std::next(filter), kFilters.end(),
                                                       [&](const Filter& later) { return refuses(later).has_value(); });
    if (alone) result.details.emplace("option", option);
    return result;
  }
  return std::nullopt;
}

}  // namespace

Decision negotiate(const ModelMetadata& model, std::string_view requested_model, const LoadOptions& options,
                   const EnvironmentDescription& environment, std::span<const Implementation> implementations,
                   const NegotiationInputs& inputs) {
  const Context context(model, options, environment, implementations, inputs);
  check_unambiguous(model, options);
  Decision decision;
  decision.requested_model = requested_model;
  decision.model = model;
  decision.ranking = ranking_name(options.backend_ranking);
  decision.filters = describe_request(context.request, options);
  std::vector<const PackageMetadata*> eligible;
  for (const PackageMetadata& package : model.packages) {
    if (std::optional<Rejection> rejected = examine(package, context)) {
      decision.rejections.push_back(*std::move(rejected));
    } else {
      eligible.push_back(&package);
    }
  }
  decision.ranked = rank(eligible, context);
  return decision;
}

}  // namespace inference_exp::negotiation
