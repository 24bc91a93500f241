// What is to be compiled, worked out before the builder starts.
#pragma once

#include "compile/progress.hpp"
#include "compile/samples.hpp"
#include "compile/source.hpp"
#include "core/json.hpp"
#include "inference_exp/compile.hpp"
#include "inference_exp/environment.hpp"

namespace inference_exp {

/// Throws InvalidParameterError for options that fit no network.
void check_compile_options(const CompileOptions& options);

struct EnginePlan {
  EngineBatch batch;
  Size size;
  bool dynamic_size = false;  ///< the builder has to be told the size
};

/// Throws InvalidParameterError for a batch or an image size that the network does not take.
[[nodiscard]] EnginePlan plan_engine(const OnnxNetwork& network, const CompileOptions& options);

/// Everything that one engine differs in from another one of the same model: source, options, TensorRT and GPU. Equal
/// values mean that nothing has to be compiled again. Reads all samples of int8, and may be cancelled between them.
[[nodiscard]] Json engine_origin(const CompileSource& source, const OnnxNetwork& network, const EnginePlan& plan,
                                 const CompileOptions& options, const CompileSamples& samples,
                                 const EnvironmentDescription& environment, CompileReporter& reporter);

}  // namespace inference_exp
