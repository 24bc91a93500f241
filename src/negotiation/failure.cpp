// Why nothing is left, in a few lines, and what would help most.
#include <algorithm>
#include <array>
#include <map>

#include "inference_exp/errors.hpp"
#include "inference_exp/negotiation.hpp"
#include "negotiation/negotiate.hpp"
#include "negotiation/wording.hpp"

namespace inference_exp {

namespace {

using negotiation::count_of;

struct Tally {
  std::string_view text;
  std::size_t count = 0;
};

/// How often each text occurs, the most frequent first; among equals the one that came first.
class Tallies {
 public:
  void add(std::string_view text) {
    const auto [place, is_new] = places_.emplace(text, tallies_.size());
    if (is_new) tallies_.push_back({text, 0});
    ++tallies_[place->second].count;
  }
  [[nodiscard]] std::vector<Tally> sorted() const {
    std::vector<Tally> result = tallies_;
    std::ranges::stable_sort(result, std::ranges::greater(), &Tally::count);
    return result;
  }

 private:
  std::vector<Tally> tallies_;
  std::map<std::string_view, std::size_t> places_;
};

std::vector<Tally> tally_reasons(const Decision& decision) {
  Tallies reasons;
  for (const Rejection& rejection : decision.rejections) reasons.add(rejection.reason);
  return reasons.sorted();
}

std::string line_of(const Tally& tally) { return count_of(tally.count, "package") + ": " + std::string(tally.text); }

struct Advice {
  std::string_view option;
  std::string_view text;
};

/// What to do about each member of LoadOptions that a refusal may name.
constexpr std::array<Advice, 9> kAdvice{
    {{"model_package_id", "Leave out LoadOptions::model_package_id"},
     {"allow_untrusted_packages", "Set LoadOptions::allow_untrusted_packages"},
     {"backends", "Add their backend to LoadOptions::backends, or leave that empty"},
     {"batch_size", "Change LoadOptions::batch_size, or leave it out"},
     {"quantization", "Name their quantization in LoadOptions::quantization, or give an empty list for any"},
     {"session.execution_providers", "Name other providers in LoadOptions::session.execution_providers"},
     {"session.device", "Name their device in LoadOptions::session.device"},
     {"trt_engine_host_code_allowed", "Set LoadOptions::trt_engine_host_code_allowed"},
     {"nms_fusion_preferences", "Set or widen LoadOptions::nms_fusion_preferences"}}};

std::string hint_of(const Decision& decision) {
  if (decision.model.packages.empty()) {
    return decision.model.skipped.empty() ? "Ask for another model, or for this one after it has been exported."
                                          : "A newer version of this library may know them; or ask for another model.";
  }
  Tallies options;
  for (const Rejection& rejection : decision.rejections) {
    if (const auto option = rejection.details.find("option"); option != rejection.details.end()) {
      options.add(option->second);
    }
  }
  const std::vector<Tally> sorted = options.sorted();
  if (sorted.empty()) {
    return "No single option would admit a package: install what the reasons name, change several options, or ask for "
           "another model.";
  }
  const Tally& best = sorted.front();
  const auto* advice = std::ranges::find(kAdvice, best.text, &Advice::option);
  const std::string text =
      advice != kAdvice.end() ? std::string(advice->text) : "Change LoadOptions::" + std::string(best.text);
  return text + ": that would admit " + count_of(best.count, "package") + ".";
}

std::string skipped_text(const std::vector<SkippedPackage>& skipped) {
  std::string text =
      "\n  " + count_of(skipped.size(), "package") + " announced in a form that this library cannot use:";
  Tallies reasons;
  for (const SkippedPackage& package : skipped) reasons.add(package.reason);
  for (const Tally& tally : reasons.sorted()) text += "\n    " + line_of(tally);
  return text;
}

}  // namespace

std::string summarize_rejections(const Decision& decision) {
  std::string text;
  for (const Tally& tally : tally_reasons(decision)) text += line_of(tally) + "\n";
  return text;
}

namespace negotiation {

void throw_nothing_left(const Decision& decision) {
  const ModelMetadata& model = decision.model;
  const std::string name = "the model \"" + decision.requested_model + "\"";
  std::string message;
  if (!model.packages.empty()) {
    message = "No package of " + name + " can run here as asked:";
  } else if (!model.skipped.empty()) {
    message = "The provider announced no package of " + name + " that this library can use:";
  } else {
    message = "The provider announced no packages of " + name + ".";
  }
  for (const Tally& tally : tally_reasons(decision)) message += "\n  " + line_of(tally);
  if (!model.skipped.empty()) message += skipped_text(model.skipped);
  throw NoModelPackagesAvailableError(message, hint_of(decision));
}

}  // namespace negotiation

}  // namespace inference_exp
