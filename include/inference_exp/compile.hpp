// Compiling: an ONNX package becomes a TensorRT package for this machine.
//
// Contract: compile_model blocks until the package is there or an error says why not; it may be called from any number
// of threads and processes at once. A package appears whole or not at all: an error, a cancelled call or a process that
// is killed leaves nothing that a later load would see. A package made for a model id lies in the cache as one of the
// model's packages; it is untrusted, so that loads choose it only with LoadOptions::allow_untrusted_packages. Nothing
// is printed. docs/compile.md tells the whole story.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/export.hpp"
#include "inference_exp/image_view.hpp"
#include "inference_exp/load_options.hpp"
#include "inference_exp/model_metadata.hpp"

namespace inference_exp {

/// How far a compilation is.
struct CompileProgress {
  std::string phase;       ///< such as "Building the engine"; the builder's own words while it works
  std::int32_t step = 0;   ///< of the phase
  std::int32_t steps = 0;  ///< that the phase has; 0: unknown
  double elapsed = 0;      ///< seconds since the call
};

/// Called often, from one thread at a time, not always the caller's. False cancels the compilation, which then ends
/// with OperationCancelledError within two seconds. Must not throw.
using CompileProgressCallback = std::function<bool(const CompileProgress&)>;

/// Pictures like those that the model will see: for int8 calibration and for the accuracy comparison.
struct SampleImages {
  std::size_t count = 0;
  /// Picture `index` below `count`. Its pixels must stay as they are until the next call. Called from one thread at a
  /// time, more than once for each picture. What it throws ends the compilation.
  std::function<ImageView(std::size_t index)> at{};
};

/// How many images the engine takes at once: from `min` to `max`, at its fastest with `opt`.
struct EngineBatch {
  std::int32_t min = 1;
  std::int32_t opt = 1;
  std::int32_t max = 1;
  friend bool operator==(const EngineBatch&, const EngineBatch&) = default;
};

struct CompileOptions {
  /// Which ONNX package of a model id, where its cache is, where plug-ins are, and `session.device` to compile on.
  /// `backends` has no use: the source is an ONNX package.
  LoadOptions load{};
  Quantization precision = Quantization::fp16;  ///< fp32, fp16 or int8; layers may stay more precise
  std::optional<EngineBatch> batch{};           ///< unset: the network's own, or 1 where it takes any number of images
  std::optional<Size> image_size{};             ///< of a network that takes any size; unset: as it was trained
  std::uint64_t workspace_bytes = 0;            ///< device memory that the builder may use; 0: all that is free
  bool version_compatible = false;              ///< the engine also runs with later versions of TensorRT
  bool same_compute_capability = false;         ///< the engine also runs on other GPUs of the same compute capability
  SampleImages samples{};                       ///< int8 needs some; without any a made-up picture is compared
  std::size_t max_compared_images = 16;         ///< so many samples are run through both networks, at least 1
  /// A folder to write instead of a package in the cache; must not exist. For a package folder it is, by default, that
  /// folder's name with "-trt" at its end.
  std::filesystem::path output{};
  bool rebuild = false;  ///< compile again although the cache has the same package already
  CompileProgressCallback progress{};
};

/// One output of both networks, over all values and compared images.
struct OutputDifference {
  double max_abs = 0;
  double mean_abs = 0;
  double largest = 0;  ///< largest magnitude in the ONNX network's output, to compare with
};

/// Boxes of both networks. Boxes of one class that overlap by an IoU of at least 0.5 are the same one, best first.
struct DetectionDifference {
  std::size_t onnx_boxes = 0;
  std::size_t engine_boxes = 0;
  std::size_t matched = 0;
  double min_iou = 0;  ///< of matched boxes; 0 where there are none
  double mean_iou = 0;
  double max_score_difference = 0;  ///< of matched boxes
  double mean_score_difference = 0;
};

/// The engine beside the ONNX network, on the same pixels.
struct EngineAccuracy {
  std::size_t images = 0;
  bool made_up_image = false;             ///< no samples were given
  std::vector<OutputDifference> outputs;  ///< in the network's order
  std::optional<DetectionDifference> detections;
};

struct CompiledPackage {
  std::string model_id;
  std::string package_id;  ///< empty for a folder outside of the cache
  std::filesystem::path folder;
  std::string source_package;  ///< id of the ONNX package; empty for a package folder
  Quantization precision = Quantization::unknown;
  EngineBatch batch;
  Size image_size;
  std::string trt_version;
  std::string device_name;  ///< such as "nvidia-l4"
  double build_seconds = 0;
  bool reused = false;  ///< the cache had it already; nothing was compiled
  EngineAccuracy accuracy;
};

/// Compiles `model`: a model id, whose best ONNX package is downloaded as pull_model would, or an ONNX package folder.
/// Throws InvalidParameterError for options that do not fit the network, InvalidModelInitParameterError for a bare
/// file, ModelImplementationNotFoundError for a family without TensorRT packages, MissingDependencyError or
/// EnvironmentConfigurationError where no engine can be made, OperationCancelledError, ModelRuntimeError (also
/// OutOfDeviceMemoryError) from the builder or from the engine that it made, ModelCacheError for what cannot be
/// written, and what finding the ONNX package throws.
[[nodiscard]] INFERENCE_EXP_API CompiledPackage compile_model(std::string_view model,
                                                              const CompileOptions& options = {});

/// All members under their own names; an object.
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const CompiledPackage& compiled);

}  // namespace inference_exp
