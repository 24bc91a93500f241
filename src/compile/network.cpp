// The ONNX network that is compiled, opened.
#include <utility>

#include "compile/source.hpp"
#include "models/package_model.hpp"
#include "models/registry.hpp"
#include "packages/package_directory.hpp"
#include "runtime/backend_registry.hpp"

namespace inference_exp {

namespace {

/// Unless the caller chose, the CPU: its results are the same wherever the engine is compiled.
SessionOptions reference_session(const SessionOptions& options) {
  SessionOptions session;
  session.execution_providers = options.execution_providers;
  session.intra_op_threads = options.intra_op_threads;
  if (session.execution_providers.empty()) session.device = "cpu";
  return session;
}

}  // namespace

OnnxNetwork open_onnx_network(const CompileSource& source, const CompileOptions& options) {
  const packages::PackageDirectory package(source.folder);
  models::PackageModel described =
      models::describe_package(package, {source.model.architecture, source.model.task, "onnx"});
  OnnxNetwork network;
  network.file = package.require(described.network.handle);
  network.config = described.init.config;
  described.init.session = runtime::open_session("onnx", network.file, reference_session(options.load.session),
                                                 options.load.backend_paths, described.network.options);
  const std::shared_ptr<const runtime::Session> session = described.init.session;
  network.model = models::make_model(std::move(described.init));  // which also checks the input's rank
  const Shape& shape = session->inputs().front().shape;
  if (shape[0] > 0) network.batch = static_cast<std::int32_t>(shape[0]);
  if (shape[2] > 0 && shape[3] > 0) {
    network.size = Size{static_cast<std::int32_t>(shape[3]), static_cast<std::int32_t>(shape[2])};
  }
  return network;
}

}  // namespace inference_exp
