// What the package folder of each family is made of: what it says of the model, and which of its files are networks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "models/registry.hpp"
#include "packages/package_directory.hpp"
#include "runtime/session.hpp"

namespace inference_exp::models {

/// What a package folder has to be told: who reads it and what runs it.
struct PackageKind {
  std::string architecture;
  std::string task;
  std::string backend;
};

/// A file that the package's backend opens as a network.
struct NetworkFile {
  std::string_view handle;  ///< within the package
  runtime::NetworkOptions options{};
};

struct PackageModel {
  ModelInit init;  ///< without sessions
  NetworkFile network;
  std::optional<NetworkFile> text_network;  ///< of a model that reads texts as well
};

/// Whether there are packages of this backend at all ("onnx", "trt", "torch", "torch-script").
[[nodiscard]] bool is_package_backend(std::string_view backend) noexcept;

/// Reads what the package says beside its networks (loading.md, sections 3.1 and 3.2). Throws
/// CorruptedModelPackageError for missing or malformed files and a backend that is not known,
/// ModelImplementationNotFoundError for a family without packages of that backend.
[[nodiscard]] PackageModel describe_package(const packages::PackageDirectory& package, const PackageKind& kind);

}  // namespace inference_exp::models
