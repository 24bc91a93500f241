// The files of a TensorRT package beside its engine, and what is said of it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "compile/source.hpp"
#include "core/json.hpp"
#include "inference_exp/compile.hpp"
#include "inference_exp/environment.hpp"
#include "inference_exp/model_metadata.hpp"
#include "runtime/compile.hpp"

namespace inference_exp {

inline constexpr std::string_view kEngineFile = "engine.plan";

/// inference_config.json of the ONNX package as it is true of the engine: one size, not dynamic. `config` is what the
/// package says, also where it has only an environment.json. Throws CorruptedModelPackageError for a configuration that
/// no inference_config.json can say.
[[nodiscard]] Json engine_config(const std::filesystem::path& onnx_folder, const packages::InferenceConfig& config,
                                 Size size);
/// trt_config.json.
[[nodiscard]] Json engine_batch_json(const EngineBatch& batch);

/// Writes everything but the engine and the manifests into `folder`.
void write_engine_files(const std::filesystem::path& folder, const CompileSource& source,
                        const packages::InferenceConfig& config, const EngineBatch& batch, Size size);

/// What was compiled, on what and how, as a package's metadata; without id and files.
struct EngineFacts {
  EngineBatch batch;
  Size size;
  runtime::CompileFacts built;
};
[[nodiscard]] PackageMetadata engine_metadata(const CompileSource& source, const CompileOptions& options,
                                              const EngineFacts& facts, const MachineDescription& machine);

/// Hashes the files in `folder` and writes both manifests: that of local packages, with `extra` merged into it, and the
/// model_config.json that makes the folder a package. Fills in `package.files`.
void write_engine_manifests(const std::filesystem::path& folder, const CompileSource& source, PackageMetadata& package,
                            const Json& package_manifest, const Json& extra);

}  // namespace inference_exp
