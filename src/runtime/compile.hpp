// Making a model file for this machine through a plug-in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/image_view.hpp"

namespace inference_exp::runtime {

struct CompileRequest {
  std::filesystem::path source;  ///< the ONNX file
  std::filesystem::path target;  ///< written whole or not at all
  std::string device{};          ///< empty: the plug-in's default
  std::string precision{};       ///< "fp32", "fp16", "int8"
  std::int32_t batch_min = 0;    ///< all 0: the network's own, fixed batch
  std::int32_t batch_opt = 0;
  std::int32_t batch_max = 0;
  std::optional<Size> input_size{};  ///< for a network of dynamic size
  std::uint64_t workspace_bytes = 0;
  bool version_compatible = false;
  bool same_compute_capability = false;
  std::filesystem::path timing_cache{};  ///< empty: none
  /// Phase, step, and how many steps the phase has. False stops the build. Called from one thread at a time, not always
  /// the caller's. May throw, which stops the build and comes out of compile_model_file.
  std::function<bool(std::string_view phase, std::int32_t step, std::int32_t steps)> progress{};
  /// int8: fills a batch of `calibration_batch_size` images, [N, 3, height, width], or says that there are no more. May
  /// throw likewise.
  std::function<bool(std::span<float> batch)> calibration_batch{};
  std::int32_t calibration_batch_size = 0;
};

/// What the plug-in says of the file that it made; empty or 0 where it says nothing.
struct CompileFacts {
  std::string runtime_version;
  std::string device_name;
  std::string compute_capability;
  std::int32_t cuda_driver = 0;  ///< 1000 * major + 10 * minor
  std::int32_t batch_min = 0;
  std::int32_t batch_opt = 0;
  std::int32_t batch_max = 0;
  Size input_size;
};

/// Throws MissingDependencyError when the plug-in is not installed, and EnvironmentConfigurationError for one that only
/// opens files.
void check_can_compile(std::string_view backend, const std::vector<std::filesystem::path>& backend_paths);

/// Blocks until `target` is there. Throws what check_can_compile throws, OperationCancelledError after `progress` said
/// so, and what the plug-in reports.
[[nodiscard]] CompileFacts compile_model_file(std::string_view backend, const CompileRequest& request,
                                              const std::vector<std::filesystem::path>& backend_paths);

}  // namespace inference_exp::runtime
