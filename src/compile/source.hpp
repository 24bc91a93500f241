// What is compiled: an ONNX package of a model id or of a folder, opened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hub/cache_layout.hpp"
#include "inference_exp/compile.hpp"
#include "inference_exp/model.hpp"
#include "packages/inference_config.hpp"
#include "runtime/session.hpp"

namespace inference_exp {

struct CompileSource {
  ModelMetadata model;      ///< id, architecture and task; without packages
  PackageMetadata package;  ///< id (empty for a folder), features and recommendations
  std::filesystem::path folder;
  std::optional<hub::CacheHome> home{};  ///< of a model id; unset for a folder
  std::string api_key{};                 ///< in effect for a model id
};

/// Finds the package, and downloads what is missing of it. Throws what compile_model promises of finding one.
[[nodiscard]] CompileSource find_compile_source(std::string_view model, const CompileOptions& options);

/// The ONNX network as a model, on the CPU: what the engine is compared with, and what prepares calibration images.
struct OnnxNetwork {
  std::unique_ptr<Model> model;
  std::filesystem::path file;
  packages::InferenceConfig config;     ///< with what an environment.json leaves out
  std::optional<std::int32_t> batch{};  ///< of a network that takes so many images and no others
  std::optional<Size> size{};           ///< of a network that takes this size and no other
};
[[nodiscard]] OnnxNetwork open_onnx_network(const CompileSource& source, const CompileOptions& options);

}  // namespace inference_exp
