#include "compile/source.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "hub/materialize.hpp"
#include "hub_context.hpp"
#include "inference_exp/errors.hpp"
#include "models/registry.hpp"
#include "negotiation/negotiate.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kOnnx = "onnx";

/// Before anything is downloaded: the engine must have somebody to read it.
void check_family(const CompileSource& source) {
  const auto serves = [&](const Implementation& candidate) {
    const auto supports = [&](const auto& feature) {
      return std::ranges::find(candidate.supported_features, feature.first) != candidate.supported_features.end();
    };
    return candidate.backend == "trt" && candidate.architecture == source.model.architecture &&
           candidate.task == source.model.task && std::ranges::all_of(source.package.features, supports);
  };
  if (std::ranges::any_of(models::implementations(), serves)) return;
  std::string what = "There are no TensorRT packages of the architecture \"" + source.model.architecture +
                     "\" for the task \"" + source.model.task + "\"";
  if (!source.package.features.empty()) what += " with the feature \"" + source.package.features.begin()->first + "\"";
  throw ModelImplementationNotFoundError(what + ".", "YOLO and RF-DETR models can be compiled; others run as ONNX.");
}

void check_is_onnx(const std::string& package, std::string_view backend) {
  if (backend == kOnnx) return;
  throw InvalidModelInitParameterError(
      package + " is of the backend \"" + std::string(backend) + "\"; engines are compiled from ONNX packages.",
      "Give the folder of an ONNX package, or a model id that has one.");
}

// --- a model id
// -------------------------------------------------------------------------------------------------------

/// Full precision makes the better source: the builder lowers it where that costs nothing.
Decision best_onnx_package(const ModelMetadata& metadata, std::string_view model, LoadOptions options) {
  const EnvironmentDescription environment = environment_for_negotiation(options);
  if (!options.quantization) {
    options.quantization = {Quantization::unknown, Quantization::fp32};
    if (Decision decision = negotiate_here(metadata, model, options, environment); !decision.ranked.empty()) {
      return decision;
    }
    options.quantization.reset();
  }
  Decision decision = negotiate_here(metadata, model, options, environment);
  if (decision.ranked.empty()) negotiation::throw_nothing_left(decision);
  return decision;
}

CompileSource source_of_id(std::string_view model, const LoadOptions& options) {
  CompileSource source;
  const HubContext context(model, options);
  source.home = context.home();
  source.api_key = context.api_key();
  const ModelMetadata metadata = context.ask_provider();
  source.package = best_onnx_package(metadata, model, options).ranked.front().package;
  source.model = metadata;
  check_is_onnx("The package " + source.package.id, source.package.backend);
  check_family(source);
  const hub::MaterializedPackage files = context.materialize(metadata, source.package);
  if (!context.offline()) {
    context.finish(metadata, source.package, files);
    context.record_for_offline(metadata, source.package.id, "cli-install");
  }
  source.folder = files.folder;
  source.model.packages.clear();
  source.model.skipped.clear();
  return source;
}

// --- a folder
// ---------------------------------------------------------------------------------------------------------

std::string required_value(const std::optional<std::string>& value, const fs::path& folder, std::string_view key) {
  if (value) return *value;
  throw CorruptedModelPackageError(
      (folder / "model_config.json").string() + ": the key \"" + std::string(key) + "\" is missing.",
      "A package names its model_architecture, task_type and backend_type.");
}

/// Also of "." and "x/..", which do not end with it.
std::string name_of(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

CompileSource source_of_folder(const fs::path& folder) {
  const packages::PackageDirectory package(folder);
  const packages::ModelConfig config = package.model_config();
  const std::string backend = required_value(config.backend_type, folder, "backend_type");
  check_is_onnx(folder.string(), backend);
  CompileSource source;
  source.folder = folder;
  source.model.architecture = required_value(config.model_architecture, folder, "model_architecture");
  source.model.task = required_value(config.task_type, folder, "task_type");
  source.model.model_id = config.model_id.value_or(name_of(folder));
  source.package.backend = kOnnx;
  if (const std::optional<packages::PackageManifest> manifest = hub::read_package_manifest(folder)) {
    source.package.features = manifest->model_features;
    source.package.recommended = manifest->recommended_parameters;
  }
  check_family(source);
  return source;
}

fs::path without_final_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

}  // namespace

CompileSource find_compile_source(std::string_view model, const CompileOptions& options) {
  const fs::path path = without_final_slash(fs::path(model));
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    LoadOptions load = options.load;
    load.backends = {std::string(kOnnx)};
    return source_of_id(model, load);
  }
  if (!options.load.allow_direct_local_storage_loading) {
    throw DirectLocalStorageAccessError("\"" + std::string(model) + "\" is a local path, and loading those is off.",
                                        "Set LoadOptions::allow_direct_local_storage_loading.");
  }
  if (!fs::is_directory(status)) {
    throw InvalidModelInitParameterError(
        path.string() + " is a bare file; only packages can be compiled, since an engine does not say what it is of.",
        "Put it into a package folder (docs/packages.md), or give a model id.");
  }
  return source_of_folder(path);
}

}  // namespace inference_exp
