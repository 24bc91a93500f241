// Whether a compiled TensorRT engine runs here: the GPU, then (on Jetsons) L4T, then TensorRT's version.
#include <algorithm>

#include "negotiation/filters.hpp"
#include "negotiation/wording.hpp"

namespace inference_exp::negotiation {

namespace {

std::string text_or_unknown(const std::optional<std::string>& text) { return text.value_or("unknown"); }

Verdict check_gpu(const TrtPackageDetails& engine, const Context& context) {
  if (engine.same_cc_compatible) {
    const bool found = std::ranges::find(context.gpus, engine.compute_capability,
                                         &GpuDescription::compute_capability) != context.gpus.end();
    if (found) return std::nullopt;
    return Refusal{.reason = "The TensorRT engine was compiled for GPUs of another compute capability.",
                   .needed = engine.compute_capability,
                   .available = list_of(context.gpus, &GpuDescription::compute_capability)};
  }
  // A GPU that did not say its name is no match for an engine that does not either.
  const bool named = !engine.device_name.empty();
  if (named && std::ranges::find(context.gpus, engine.device_name, &GpuDescription::name) != context.gpus.end()) {
    return std::nullopt;
  }
  return Refusal{.reason = "The TensorRT engine was compiled for another GPU.",
                 .needed = engine.device_name,
                 .available = list_of(context.gpus, &GpuDescription::name)};
}

Verdict check_l4t(const TrtPackageDetails& engine, const Context& context) {
  const std::optional<Version> needed = Version::parse(engine.l4t_version);
  if (needed && needed->same_minor(*context.l4t_version)) return std::nullopt;
  return Refusal{.reason = "The TensorRT engine was compiled for another version of Jetson Linux (L4T).",
                 .needed = engine.l4t_version,
                 .available = text_or_unknown(context.environment.machine.l4t_version)};
}

/// The version without the revision of the system's package: "10.3.0.30" of "10.3.0.30.post1".
std::string build_of(const Version& version) {
  const std::string text = version.to_string();
  return text.substr(0, text.find(".post"));
}

/// Whether TensorRT here is the build that compiled the engine. Engines for Jetsons are labelled with the version of
/// the system's package ("10.3.0.30-1"); where no package is recorded, as in a container, the library says "10.3.0.30".
bool same_build(const Context& context, const Version& built_with) {
  const Version& here = *context.trt_version;
  if (here == built_with) return true;
  const std::string build = build_of(here);
  const bool one_without_revision = build == here.to_string() || build == built_with.to_string();
  return context.l4t_version && one_without_revision && build == build_of(built_with);
}

Verdict check_forward_compatible(const TrtPackageDetails& engine, const Context& context, const Version& built_with) {
  if (*context.trt_version < built_with && !same_build(context, built_with)) {
    return Refusal{.reason = "The TensorRT engine was compiled with a newer TensorRT than the one here.",
                   .needed = engine.trt_version + " or later",
                   .available = context.trt_version->to_string()};
  }
  if (engine.lean_runtime_excluded) {
    return Refusal{.reason =
                       "The TensorRT engine comes without its lean runtime; running such engines is not supported."};
  }
  if (!context.options.trt_engine_host_code_allowed) {
    return Refusal{.reason = "The TensorRT engine brings code that runs on the host, and that is not allowed.",
                   .option = "trt_engine_host_code_allowed"};
  }
  return std::nullopt;
}

Verdict check_trt_version(const TrtPackageDetails& engine, const Context& context, const Version& built_with) {
  if (engine.forward_compatible) return check_forward_compatible(engine, context, built_with);
  if (same_build(context, built_with)) return std::nullopt;
  return Refusal{.reason = "The TensorRT engine runs only with the version of TensorRT that compiled it.",
                 .needed = engine.trt_version,
                 .available = context.trt_version->to_string()};
}

}  // namespace

Verdict check_trt(const PackageMetadata& package, const Context& context) {
  if (!context.trt_version) {
    return Refusal{.reason = "The version of TensorRT on this machine is not known; check that TensorRT is installed."};
  }
  const auto* engine = std::get_if<TrtPackageDetails>(&package.details);
  const std::optional<Version> built_with = engine != nullptr ? Version::parse(engine->trt_version) : std::nullopt;
  if (!built_with) return Refusal{.reason = "The package does not say which TensorRT and which GPU it was made for."};
  const bool jetson = engine->machine == TrtPackageDetails::Machine::jetson;
  if (jetson && !context.l4t_version) {
    return Refusal{.reason =
                       "The TensorRT engine was compiled for a Jetson, and no version of Jetson Linux (L4T) is "
                       "known here.",
                   .needed = engine->l4t_version,
                   .available = text_or_unknown(context.environment.machine.l4t_version)};
  }
  if (Verdict gpu = check_gpu(*engine, context)) return gpu;
  if (jetson) {
    if (Verdict l4t = check_l4t(*engine, context)) return l4t;
  }
  return check_trt_version(*engine, context, *built_with);
}

}  // namespace inference_exp::negotiation
