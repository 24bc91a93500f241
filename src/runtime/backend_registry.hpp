// Finds plug-ins, opens them once, and opens models through them.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "inference_exp/environment.hpp"
#include "inference_exp/load_options.hpp"
#include "runtime/plugin.hpp"
#include "runtime/session.hpp"

namespace inference_exp::runtime {

/// Plug-in files are named libinference_exp_backend_<name>.so. Places, in order: `backend_paths`, the options file's
/// paths (INFERENCE_EXP_BACKEND_PATH), the folder "inference_exp" beside this library, "../lib/inference_exp" beside
/// the program, and the install folder the library was configured with. The first plug-in of a name wins. Every name
/// this library knows of (onnx, torch, trt) is in the answer, found or not, with the reason why it can't run.
[[nodiscard]] std::vector<BackendDescription> describe_backends(
    const std::vector<std::filesystem::path>& backend_paths);

/// The plug-in of that name, ready for use; it lives as long as the process. Throws UnknownBackendTypeError for a name
/// nobody knows, and MissingDependencyError, naming what to install, when it is not there or cannot be used.
[[nodiscard]] const Plugin& usable_plugin(std::string_view backend,
                                          const std::vector<std::filesystem::path>& backend_paths);

/// Opens a model file through the named plug-in. Throws UnknownBackendTypeError for a name nobody knows,
/// MissingDependencyError when the plug-in or its runtime is not installed (naming what to install), and whatever the
/// plug-in reports: CorruptedModelPackageError, EnvironmentConfigurationError, InvalidParameterError,
/// ModelRuntimeError.
[[nodiscard]] std::shared_ptr<const Session> open_session(std::string_view backend,
                                                          const std::filesystem::path& model_file,
                                                          const SessionOptions& options,
                                                          const std::vector<std::filesystem::path>& backend_paths,
                                                          const NetworkOptions& network = {});

}  // namespace inference_exp::runtime
