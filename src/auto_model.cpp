#include "inference_exp/auto_model.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "hub_load.hpp"
#include "local_model.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

namespace {

/// Whether a name can only mean a place on this machine, so that nobody is asked for a model of that id.
bool is_surely_a_path(std::string_view model) {
  constexpr std::array<std::string_view, 3> kStarts{"/", "./", "../"};
  constexpr std::array<std::string_view, 4> kEnds{".onnx", ".pt", ".pth", "/"};
  return std::ranges::any_of(kStarts, [&](auto start) { return model.starts_with(start); }) ||
         std::ranges::any_of(kEnds, [&](auto end) { return model.ends_with(end); });
}

}  // namespace

std::unique_ptr<Model> AutoModel::from_pretrained(std::string_view model, const LoadOptions& options) {
  const fs::path path(model);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    if (!is_surely_a_path(model)) return load_from_hub(model, options);
    throw ModelRetrievalError("There is no model package or model file at \"" + std::string(model) + "\".",
                              "Give the path of a package folder or of an .onnx or .pth file, or a model id.");
  }
  if (!options.allow_direct_local_storage_loading) {
    throw DirectLocalStorageAccessError("\"" + std::string(model) + "\" is a local path, and loading those is off.",
                                        "Set LoadOptions::allow_direct_local_storage_loading.");
  }
  return fs::is_directory(status) ? load_package(path, options) : load_model_file(path, options);
}

namespace detail {

void throw_wrong_task(const Model& model, std::string_view wanted) {
  throw InvalidParameterError("The model's task is " + std::string(model.task()) + ", not " + std::string(wanted) + ".",
                              "Use the model class of that task, or AutoModel::from_pretrained without one.");
}

}  // namespace detail

}  // namespace inference_exp
