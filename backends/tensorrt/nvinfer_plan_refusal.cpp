#include "nvinfer_plan_refusal.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

namespace {

constexpr const char* kOtherPackageHint =
    "Compile the model on this machine (inference-exp compile), or leave the choice of the package to the library, "
    "which takes one that fits.";

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The word after `mark`, without the punctuation that ends it.
std::string word_after(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + mark.size());
  std::string_view word = text.substr(0, text.find_first_of(" ,;)"));
  while (word.ends_with('.')) word.remove_suffix(1);
  return std::string(word);
}

/// "... expecting <kind> <here> got [<kind>] <of the plan>, please rebuild."
struct Mismatch {
  std::string here;
  std::string plan;
};

std::optional<Mismatch> read_mismatch(std::string_view text, const std::string& kind) {
  const std::string mark = "expecting " + kind + " ";
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at);
  std::string plan = word_after(text, " got " + kind + " ");
  if (plan.empty()) plan = word_after(text, " got ");
  return Mismatch{.here = word_after(text, mark), .plan = std::move(plan)};
}

/// Whichever of the two is not this machine's: "10.3.0" and "10.3.0.26" are the same one.
std::string foreign_version(const Mismatch& mismatch, const std::string& library_version) {
  return library_version.starts_with(mismatch.plan) && !mismatch.plan.empty() ? mismatch.here : mismatch.plan;
}

[[noreturn]] void refuse_plan(const std::string& what, const std::string& report, const char* hint) {
  throw Failure(IEXP_ERROR_ENVIRONMENT, what + " TensorRT: " + report, hint);
}

void check_plan_version(const std::string& report, const std::string& library_version) {
  if (const auto versions = read_mismatch(report, "library version")) {
    refuse_plan("The engine was built with TensorRT " + foreign_version(*versions, library_version) +
                    "; this machine has " + library_version + ".",
                report, kOtherPackageHint);
  }
  if (contains(report, "Version tag does not match") || contains(report, "kSERIALIZATION_VERSION")) {
    refuse_plan("The engine was built with another version of TensorRT; this machine has " + library_version + ".",
                report, kOtherPackageHint);
  }
  if (contains(report, "Magic tag does not match") || contains(report, "kMAGIC_TAG")) {
    refuse_plan("The engine was built with another version of TensorRT, or is damaged; this machine has " +
                    library_version + ".",
                report, kOtherPackageHint);
  }
}

void check_plan_device(const std::string& report) {
  if (const auto capabilities = read_mismatch(report, "compute")) {
    refuse_plan("The engine was built for a GPU of compute capability " + capabilities->plan + "; this one has " +
                    capabilities->here + ".",
                report, kOtherPackageHint);
  }
  if (!contains(report, "incompatible device") && !contains(report, "incompatible platform")) return;
  refuse_plan("The engine was built for another GPU or system.", report, kOtherPackageHint);
}

void check_plan_host_code(const std::string& report) {
  if (!contains(report, "EngineHostCodeAllowed") && !contains(report, "host code")) return;
  refuse_plan("The engine brings code that runs on the host, which is not allowed.", report,
              "Allow host code if the package comes from where you would take a program.");
}

}  // namespace

void throw_refused_plan(const Reports& reports, const std::string& library_version) {
  const std::string report = reports.text();
  if (reports.out_of_memory()) reports.throw_failure("The engine cannot be loaded");
  check_plan_version(report, library_version);
  check_plan_device(report);
  check_plan_host_code(report);
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "The file is no engine that TensorRT can read. TensorRT: " + report,
                "Download or compile the package again, complete.");
}

}  // namespace inference_exp::tensorrt
