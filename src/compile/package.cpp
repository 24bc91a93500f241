#include "compile/package.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "core/file.hpp"
#include "core/version.hpp"
#include "hub/atomic_file.hpp"
#include "hub/hashing.hpp"
#include "hub/local_packages.hpp"
#include "inference_exp/errors.hpp"
#include "packages/manifest_kinds.hpp"
#include "packages/manifest_parts.hpp"
#include "packages/package_manifest.hpp"
#include "runtime/probe_texts.hpp"

namespace inference_exp {

namespace fs = std::filesystem;
using Machine = TrtPackageDetails::Machine;

namespace {

constexpr std::string_view kKeyPointsFile = "keypoints_metadata.json";
constexpr std::string_view kClassNamesFile = "class_names.txt";

void write_json(const fs::path& file, const Json& document) {
  hub::write_file_atomically(file, document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

/// Packages with an inference_config.json must list the edges, which older ones may leave out.
Json with_edges(Json skeletons) {
  for (Json& skeleton : skeletons) {
    if (skeleton.is_object() && !skeleton.contains("edges")) skeleton["edges"] = Json::array();
  }
  return skeletons;
}

/// A version that a manifest may hold; "0" for one that is not known, which no rule compares.
std::string version_or_zero(const std::optional<std::string>& text) {
  return text && Version::parse(*text) ? *text : "0";
}

/// As negotiation knows TensorRT's version here, with its build number, as long as it is the same release.
std::string trt_version_of(const runtime::CompileFacts& built, const MachineDescription& machine) {
  const std::optional<Version> used = Version::parse(built.runtime_version);
  const std::optional<Version> probed = machine.trt_version ? Version::parse(*machine.trt_version) : std::nullopt;
  if (probed && (!used || used->same_minor(*probed))) return *machine.trt_version;
  if (used) return built.runtime_version;
  throw ModelRuntimeError("The TensorRT plug-in does not say which version compiled the engine.",
                          "Install the plug-in that belongs to this library.");
}

std::string cuda_version_of(const runtime::CompileFacts& built, const MachineDescription& machine) {
  if (machine.cuda_version || built.cuda_driver <= 0) return version_or_zero(machine.cuda_version);
  return std::to_string(built.cuda_driver / 1000) + "." + std::to_string(built.cuda_driver % 1000 / 10);
}

TrtPackageDetails engine_details(const CompileOptions& options, const runtime::CompileFacts& built,
                                 const MachineDescription& machine) {
  TrtPackageDetails details;
  details.device_name = runtime::plain_name(built.device_name);
  details.compute_capability = version_or_zero(built.compute_capability);
  details.cuda_version = cuda_version_of(built, machine);
  details.trt_version = trt_version_of(built, machine);
  details.same_cc_compatible = options.same_compute_capability;
  details.forward_compatible = options.version_compatible;
  details.driver_version = version_or_zero(machine.driver_version);
  details.machine = machine.l4t_version ? Machine::jetson : Machine::gpu_server;
  if (machine.l4t_version) {
    details.l4t_version = *machine.l4t_version;
    details.jetson_name = machine.jetson_type.value_or("unknown");
  } else {
    details.os_version = machine.os_version.value_or("unknown");
  }
  return details;
}

}  // namespace

void write_engine_files(const fs::path& folder, const CompileSource& source, const packages::InferenceConfig& config,
                        const EngineBatch& batch, Size size) {
  const fs::path class_names = source.folder / kClassNamesFile;
  hub::write_file_atomically(folder / kClassNamesFile, read_text_file(class_names));
  write_json(folder / "inference_config.json", engine_config(source.folder, config, size));
  write_json(folder / "trt_config.json", engine_batch_json(batch));
  const fs::path key_points = source.folder / kKeyPointsFile;
  std::error_code error;
  if (!fs::exists(key_points, error)) return;
  write_json(folder / kKeyPointsFile, with_edges(parse_json(read_text_file(key_points), key_points.string())));
}

PackageMetadata engine_metadata(const CompileSource& source, const CompileOptions& options, const EngineFacts& facts,
                                const MachineDescription& machine) {
  PackageMetadata package;
  package.backend = "trt";
  package.quantization = options.precision;
  package.features = source.package.features;
  package.recommended = source.package.recommended;
  if (facts.batch.min == facts.batch.max) {
    package.batch.static_size = facts.batch.max;
  } else {
    package.batch = {
        .dynamic = true, .static_size = {}, .min = facts.batch.min, .opt = facts.batch.opt, .max = facts.batch.max};
  }
  package.details = engine_details(options, facts.built, machine);
  return package;
}

void write_engine_manifests(const fs::path& folder, const CompileSource& source, PackageMetadata& package,
                            const Json& package_manifest, const Json& extra) {
  std::vector<packages::PackageArtifact> artifacts;
  Json files = Json::object();
  for (const std::string_view handle : {kClassNamesFile, kEngineFile, std::string_view("inference_config.json"),
                                        kKeyPointsFile, std::string_view("trt_config.json")}) {
    std::error_code error;
    if (!fs::exists(folder / handle, error)) continue;
    const hub::FileHashes hashes = hub::hash_file(folder / handle);
    files[std::string(handle)] = hashes.md5;
    package.files.push_back({std::string(handle), {}, hashes.md5});
    packages::PackageArtifact artifact;
    artifact.file_handle = handle;
    artifact.md5_hash = hashes.md5;
    artifact.sha256_hash = hashes.sha256;
    artifact.storage = packages::PackageArtifact::Storage::package_file;
    artifacts.push_back(std::move(artifact));
  }
  Json document = extra;
  document["packageManifest"] = package_manifest;
  document["files"] = std::move(files);
  document["modelArchitecture"] = source.model.architecture;
  document["taskType"] = source.model.task;
  if (!package.features.empty()) document["modelFeatures"] = packages::features_json(package.features);
  if (package.recommended) {
    document["recommendedParameters"] = packages::recommended_json(package.recommended, "perClassConfidence");
  }
  write_json(folder / hub::kLocalPackageManifest, document);
  hub::write_file_atomically(
      folder / packages::kPackageManifestFile,
      packages::to_json_text(packages::manifest_of(source.model, package, std::move(artifacts))));
}

}  // namespace inference_exp
