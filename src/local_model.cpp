#include "local_model.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "core/options.hpp"
#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "models/bare_model.hpp"
#include "models/package_model.hpp"
#include "models/registry.hpp"
#include "models/rfdetr_checkpoint.hpp"
#include "packages/package_directory.hpp"
#include "runtime/backend_registry.hpp"
#include "vocabulary.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kRfdetr = "rfdetr";

void check_backend_allowed(const std::string& backend, const LoadOptions& options) {
  for (const std::string& name : options.backends) {
    if (models::is_package_backend(lower_case(name))) continue;
    throw UnknownBackendTypeError("There is no backend \"" + name + "\".",
                                  "Known are onnx, trt, torch and torch-script.");
  }
  if (options.backends.empty()) return;
  const auto is_it = [&](const std::string& name) { return lower_case(name) == backend; };
  if (std::ranges::any_of(options.backends, is_it)) return;
  throw ModelPackageNegotiationError("The model needs the backend \"" + backend + "\", which the caller did not allow.",
                                     "Add it to LoadOptions::backends (--backend), or leave that empty.");
}

std::string config_value(const std::optional<std::string>& value, const fs::path& config, std::string_view key) {
  if (value) return *value;
  throw CorruptedModelPackageError(config.string() + ": the key \"" + std::string(key) + "\" is missing.",
                                   "A package names its model_architecture, task_type and backend_type.");
}

/// The caller may lower what the package allows, and choose where the package says nothing. A static batch stays.
void limit_batch(packages::ForwardPass& forward, const LoadOptions& options) {
  if (!options.max_batch_size) return;
  const std::int32_t wanted = *options.max_batch_size;
  if (wanted < 1) {
    throw InvalidParameterError("A max_batch_size of " + std::to_string(wanted) + " is out of range.",
                                "Give at least 1, or leave it unset.");
  }
  forward.max_dynamic_batch_size = std::min(wanted, forward.max_dynamic_batch_size.value_or(wanted));
}

models::PackageKind kind_of(const packages::PackageDirectory& package) {
  const packages::ModelConfig config = package.model_config();
  const fs::path file = package.root() / "model_config.json";
  if (config.model_module && !(config.model_architecture && config.backend_type)) {
    throw ForbiddenLocalCodePackageAccessError(
        file.string() + " asks to run code that the package brings.",
        "This library never runs code from a package. Export the model instead.");
  }
  return {.architecture = config_value(config.model_architecture, file, "model_architecture"),
          .task = config_value(config.task_type, file, "task_type"),
          .backend = config_value(config.backend_type, file, "backend_type")};
}

/// What the caller allows an engine to do.
void add_engine_options(runtime::NetworkOptions& network, const LoadOptions& load) {
  if (!load.trt_engine_host_code_allowed) network.emplace("host_code", "refused");
  if (load.session.cuda_graphs.value_or(options().cuda_graphs)) network.emplace("cuda_graphs", "on");
}

std::shared_ptr<const runtime::Session> open_network(const packages::PackageDirectory& package,
                                                     std::string_view backend, const models::NetworkFile& network,
                                                     const LoadOptions& options) {
  return runtime::open_session(backend, package.require(network.handle), options.session, options.backend_paths,
                               network.options);
}

models::ModelInit open_onnx_file(const fs::path& file, const LoadOptions& options) {
  const std::string backend = "onnx";
  check_backend_allowed(backend, options);
  return models::describe_bare_model(runtime::open_session(backend, file, options.session, options.backend_paths),
                                     options, file.string());
}

/// Checkpoint files without a package are those of RF-DETR (loading.md, section 1.3).
models::ModelInit open_checkpoint_file(const fs::path& file, const LoadOptions& options) {
  const std::string backend = "torch";
  check_backend_allowed(backend, options);
  models::check_rfdetr_checkpoint_options(options, file.string());
  runtime::NetworkOptions network{{"architecture", std::string(kRfdetr)}};
  if (options.model_type) network.emplace("model_type", *options.model_type);
  return models::describe_rfdetr_checkpoint(
      runtime::open_session(backend, file, options.session, options.backend_paths, network), options, file.string());
}

models::ModelInit open_model_file(const fs::path& file, const LoadOptions& options) {
  const fs::path extension = file.extension();
  if (extension == ".onnx") return open_onnx_file(file, options);
  if (extension == ".pth" || extension == ".pt") return open_checkpoint_file(file, options);
  throw InvalidModelInitParameterError(file.string() + " is not a model file of a known kind.",
                                       "Give a package folder or an .onnx or .pth file.");
}

}  // namespace

std::unique_ptr<Model> load_package(const fs::path& folder, const LoadOptions& options) {
  const models::PackageKind kind = kind_of(packages::PackageDirectory(folder));
  if (models::is_package_backend(kind.backend)) check_backend_allowed(kind.backend, options);
  return load_package(folder, kind, options);
}

std::unique_ptr<Model> load_package(const fs::path& folder, const models::PackageKind& kind,
                                    const LoadOptions& options) {
  const packages::PackageDirectory package(folder);
  models::PackageModel model = models::describe_package(package, kind);
  if (kind.backend == "trt") add_engine_options(model.network.options, options);
  model.init.session = open_network(package, kind.backend, model.network, options);
  if (model.text_network) {
    model.init.text_session = open_network(package, kind.backend, *model.text_network, options);
    model.init.vocabulary = vocabulary_source(folder, options);
    model.init.text_embedding_cache = options.text_embedding_cache;
  }
  limit_batch(model.init.config.forward_pass, options);
  return models::make_model(std::move(model.init));
}

std::unique_ptr<Model> load_model_file(const fs::path& file, const LoadOptions& options) {
  models::ModelInit init = open_model_file(file, options);
  limit_batch(init.config.forward_pass, options);
  return models::make_model(std::move(init));
}

}  // namespace inference_exp
