#include "inference_exp/compile.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "compile/accuracy.hpp"
#include "compile/package.hpp"
#include "compile/plan.hpp"
#include "compile/progress.hpp"
#include "compile/samples.hpp"
#include "compile/source.hpp"
#include "core/log.hpp"
#include "hub/cache_layout.hpp"
#include "hub/file_lock.hpp"
#include "hub/local_packages.hpp"
#include "hub/package_folders.hpp"
#include "hub/resolution_cache.hpp"
#include "hub/staging_folder.hpp"
#include "hub_context.hpp"
#include "inference_exp/errors.hpp"
#include "local_model.hpp"
#include "packages/manifest_kinds.hpp"
#include "runtime/backend_registry.hpp"
#include "runtime/compile.hpp"
#include "runtime/machine_probe.hpp"
#include "runtime/probe_texts.hpp"

namespace inference_exp {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kTrt = "trt";
constexpr auto kLockPause = 50ms;

const BackendDescription& require_trt(const EnvironmentDescription& environment) {
  const auto trt = std::ranges::find(environment.backends, kTrt, &BackendDescription::name);
  if (trt != environment.backends.end() && trt->available) return *trt;
  throw MissingDependencyError("Engines cannot be compiled here: the TensorRT backend is not available.",
                               trt != environment.backends.end() ? trt->reason : "Install its plug-in.");
}

/// Waits for as long as the holder needs: its death frees the lock.
hub::FileLock lock_when_free(const fs::path& file, std::string_view phase, CompileReporter& reporter) {
  while (true) {
    if (std::optional<hub::FileLock> lock = hub::FileLock::try_acquire(file)) return *std::move(lock);
    reporter.require(phase);
    std::this_thread::sleep_for(kLockPause);
  }
}

/// Keeps other compilations of the model waiting.
hub::FileLock lock_model(const hub::CacheHome& home, const fs::path& model_folder, CompileReporter& reporter) {
  const fs::path file = hub::materialization_lock_of(model_folder / hub::kLocalPackagePrefix);
  std::error_code error;
  if (!fs::exists(fs::symlink_status(file, error))) {
    // A clean-up sees all locks.
    const hub::FileLock gate = lock_when_free(home.prune_lock(), "Waiting for a clean-up of the cache", reporter);
    (void)hub::FileLock::try_acquire(file);
  }
  return lock_when_free(file, "Waiting for another compilation of the model", reporter);
}

/// Nothing where the cache cannot be written to: timings only save time.
fs::path timing_cache_file(const LoadOptions& options, const EnvironmentDescription& environment,
                           const BackendDescription& trt) {
  try {
    std::string name = trt.runtime_version;
    for (const GpuDescription& gpu : environment.machine.gpus) name += "-" + gpu.name + "-" + gpu.compute_capability;
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    };
    std::ranges::replace_if(
        name, [&](char c) { return !is_plain(c); }, '_');
    const fs::path folder = cache_home_or_default(options.hub.cache_home).root() / "timing-cache";
    hub::make_folder(folder);
    return folder / (name.substr(0, 200) + ".cache");
  } catch (const ModelCacheError& error) {
    log_warning("The builder's timings are not kept: " + error.message());
    return {};
  }
}

fs::path output_folder(std::string_view model, const CompileOptions& options) {
  // Normal first: "." and "x/." get a name.
  fs::path folder = fs::absolute(options.output.empty() ? fs::path(model) : options.output).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (options.output.empty()) folder += "-trt";
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error))) {
    throw InvalidParameterError("The output folder " + folder.string() + " is there already.",
                                "Remove it, or name another one (--output).");
  }
  return folder;
}

/// One compilation, from a source that was found.
class Compilation {
 public:
  Compilation(const CompileOptions& options, CompileReporter& reporter, CompileSource source)
      : options_(options),
        reporter_(reporter),
        environment_(environment_for_negotiation(options.load)),
        trt_(require_trt(environment_)),
        samples_(options.samples),
        source_(std::move(source)),
        network_(open_onnx_network(source_, options)),
        plan_(plan_engine(network_, options)),
        origin_(engine_origin(source_, network_, plan_, options, samples_, environment_, reporter)) {}

  /// Into the cache, as one more package of the model.
  [[nodiscard]] CompiledPackage into_cache(const hub::CacheHome& home) {
    hub::make_folder(home.models());
    const fs::path model_folder = home.model_folder(source_.model.model_id);
    hub::make_folder_inside(home.models(), model_folder.filename());
    const hub::FileLock lock = lock_model(home, model_folder, reporter_);
    if (!options_.rebuild) {
      if (std::optional<CompiledPackage> present = find_present(home)) return *std::move(present);
    }
    hub::StagingFolder staging(model_folder / hub::kLocalPackagePrefix);
    CompiledPackage compiled = build(staging.path());
    compiled.folder = model_folder / compiled.package_id;
    staging.publish(compiled.folder, hub::StagingFolder::Existing::replace);
    const std::shared_ptr<AccessManager> access = access_manager();
    tell_of_files(compiled, *access);
    hub::forget_choices(home, compiled.model_id, *access);
    return compiled;
  }

  /// Into a folder of the caller's.
  [[nodiscard]] CompiledPackage into_folder(const fs::path& folder) {
    hub::make_folder(folder.parent_path());
    hub::StagingFolder staging(folder);
    CompiledPackage compiled = build(staging.path());
    compiled.folder = folder;
    compiled.package_id.clear();
    staging.publish(folder, hub::StagingFolder::Existing::refuse);
    return compiled;
  }

 private:
  [[nodiscard]] std::optional<CompiledPackage> find_present(const hub::CacheHome& home) {
    const hub::LocalPackages found = hub::find_local_packages(home, source_.model, hub::LocalCheck::manifest);
    for (const hub::LocalPackage& package : found.packages) {
      const auto manifest = package.document.find("packageManifest");
      const auto origin = manifest->find("compiledFrom");
      if (origin == manifest->end() || *origin != origin_) continue;
      if (!hub::is_sound_local_package(home, source_.model, package.metadata.id)) continue;
      CompiledPackage compiled = described(package.metadata);
      compiled.folder = package.folder;
      compiled.reused = true;
      if (const auto seconds = package.document.find("buildSeconds");
          seconds != package.document.end() && seconds->is_number()) {
        compiled.build_seconds = seconds->get<double>();
      }
      if (!samples_.made_up()) {
        compiled.accuracy = compare(compiled.folder);  // what is kept may be of other pictures
      } else if (const auto accuracy = package.document.find("accuracy"); accuracy != package.document.end()) {
        compiled.accuracy = read_accuracy(*accuracy);
      }
      return compiled;
    }
    return std::nullopt;
  }

  [[nodiscard]] CompiledPackage build(const fs::path& folder) {
    const auto start = std::chrono::steady_clock::now();
    // What is wrong with the source's small files is told before minutes of building.
    write_engine_files(folder, source_, network_.config, plan_.batch, plan_.size);
    const EngineFacts facts = build_engine(folder / kEngineFile);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (facts.batch != plan_.batch || facts.size != plan_.size) {
      write_engine_files(folder, source_, network_.config, facts.batch, facts.size);
    }
    PackageMetadata package = engine_metadata(source_, options_, facts, environment_.machine);
    const EngineAccuracy accuracy = compare(folder);
    reporter_.require("Writing the package");
    Json manifest = packages::manifest_json(package);
    manifest["compiledFrom"] = origin_;
    package.id = hub::local_package_id(manifest);
    write_engine_manifests(folder, source_, package, manifest,
                           {{"accuracy", accuracy_json(accuracy)}, {"buildSeconds", seconds.count()}});
    CompiledPackage compiled = described(package);
    compiled.image_size = facts.size;
    compiled.build_seconds = seconds.count();
    compiled.accuracy = accuracy;
    return compiled;
  }

  [[nodiscard]] EngineFacts build_engine(const fs::path& target) {
    runtime::CompileRequest request{.source = network_.file, .target = target};
    request.device = options_.load.session.device;
    request.precision = quantization_name(options_.precision);
    request.batch_min = plan_.batch.min;
    request.batch_opt = plan_.batch.opt;
    request.batch_max = plan_.batch.max;
    if (plan_.dynamic_size) request.input_size = plan_.size;
    request.workspace_bytes = options_.workspace_bytes;
    request.version_compatible = options_.version_compatible;
    request.same_compute_capability = options_.same_compute_capability;
    request.timing_cache = timing_cache_file(options_.load, environment_, trt_);
    request.progress = [&](std::string_view phase, std::int32_t step, std::int32_t steps) {
      return reporter_.report(phase, step, steps);
    };
    CalibrationBatches calibration(samples_, *network_.model, plan_.size);
    if (options_.precision == Quantization::int8) {
      request.calibration_batch = [&](std::span<float> batch) { return calibration.next(batch); };
      request.calibration_batch_size = plan_.batch.opt;
    }
    reporter_.require("Building the engine");
    const runtime::CompileFacts built = runtime::compile_model_file(kTrt, request, options_.load.backend_paths);
    return facts_of(built);
  }

  /// What the plug-in says it built; what was asked for, where it says nothing.
  [[nodiscard]] EngineFacts facts_of(const runtime::CompileFacts& built) const {
    EngineFacts facts{.batch = plan_.batch, .size = plan_.size, .built = built};
    if (built.batch_min > 0 && built.batch_min <= built.batch_opt && built.batch_opt <= built.batch_max) {
      facts.batch = {built.batch_min, built.batch_opt, built.batch_max};
    }
    if (built.input_size.width > 0 && built.input_size.height > 0) facts.size = built.input_size;
    return facts;
  }

  /// Opens the engine as a load would, so that none is kept which does not open.
  [[nodiscard]] EngineAccuracy compare(const fs::path& folder) {
    reporter_.require("Opening the engine");
    LoadOptions load = options_.load;
    load.backends.clear();
    load.max_batch_size.reset();
    load.session.execution_providers.clear();
    const std::unique_ptr<Model> engine =
        load_package(folder, {source_.model.architecture, source_.model.task, std::string(kTrt)}, load);
    return compare_engine(*network_.model, *engine, samples_, options_.max_compared_images, reporter_);
  }

  [[nodiscard]] CompiledPackage described(const PackageMetadata& package) const {
    CompiledPackage compiled;
    compiled.model_id = source_.model.model_id;
    compiled.package_id = package.id;
    compiled.source_package = source_.package.id;
    compiled.precision = package.quantization;
    const std::int32_t fixed = package.batch.static_size.value_or(1);
    compiled.batch = {package.batch.min.value_or(fixed), package.batch.opt.value_or(fixed),
                      package.batch.max.value_or(fixed)};
    compiled.image_size = plan_.size;
    if (const auto* details = std::get_if<TrtPackageDetails>(&package.details)) {
      compiled.trt_version = details->trt_version;
      compiled.device_name = details->device_name;
    }
    return compiled;
  }

  [[nodiscard]] std::shared_ptr<AccessManager> access_manager() const {
    const std::shared_ptr<AccessManager>& given = options_.load.hub.access_manager;
    return given ? given : std::make_shared<AccessManager>();
  }

  void tell_of_files(const CompiledPackage& compiled, AccessManager& access) const {
    for (const fs::path& file : hub::entries_of(compiled.folder)) {
      access.on_file_created(file, {compiled.model_id, compiled.package_id, source_.api_key});
    }
  }

  const CompileOptions& options_;
  CompileReporter& reporter_;
  EnvironmentDescription environment_;
  const BackendDescription& trt_;
  CompileSamples samples_;
  CompileSource source_;
  OnnxNetwork network_;
  EnginePlan plan_;
  Json origin_;
};

}  // namespace

CompiledPackage compile_model(std::string_view model, const CompileOptions& options) {
  CompileReporter reporter(options.progress);
  check_compile_options(options);
  runtime::check_can_compile(kTrt, options.load.backend_paths);
  std::error_code error;
  fs::path folder;
  if (!options.output.empty() || fs::exists(fs::path(model), error)) folder = output_folder(model, options);
  reporter.require("Looking for the ONNX package");
  CompileSource source = find_compile_source(model, options);
  const std::optional<hub::CacheHome> home = source.home;
  Compilation compilation(options, reporter, std::move(source));
  if (home && options.output.empty()) return compilation.into_cache(*home);
  // A folder may have appeared since the look at `model`.
  return compilation.into_folder(folder.empty() ? output_folder(model, options) : folder);
}

}  // namespace inference_exp
