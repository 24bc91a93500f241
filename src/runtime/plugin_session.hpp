// A Session that a plug-in runs.
#pragma once

#include <filesystem>
#include <memory>

#include "inference_exp/load_options.hpp"
#include "runtime/plugin.hpp"
#include "runtime/session.hpp"

namespace inference_exp::runtime {

/// Opens `model_file` through a loaded plug-in. Throws what the plug-in reports; CorruptedModelPackageError also for
/// inputs or outputs that this library has no type for.
[[nodiscard]] std::shared_ptr<const Session> open_plugin_session(const Plugin& plugin,
                                                                 const std::filesystem::path& model_file,
                                                                 const SessionOptions& options,
                                                                 const NetworkOptions& network = {});

}  // namespace inference_exp::runtime
