// The front door: from a model id, or a package on disk, to a model that predicts.
//
// Contract: from_pretrained may be called from any thread; it returns a complete model or throws. The returned model is
// independent of every other one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "inference_exp/errors.hpp"
#include "inference_exp/export.hpp"
#include "inference_exp/load_options.hpp"
#include "inference_exp/model.hpp"

namespace inference_exp {

namespace detail {
[[noreturn]] INFERENCE_EXP_API void throw_wrong_task(const Model& model, std::string_view wanted);
template <typename M>
struct TaskOf;
template <>
struct TaskOf<ObjectDetectionModel> {
  static constexpr std::string_view kValue = "object-detection";
};
template <>
struct TaskOf<InstanceSegmentationModel> {
  static constexpr std::string_view kValue = "instance-segmentation";
};
template <>
struct TaskOf<KeyPointDetectionModel> {
  static constexpr std::string_view kValue = "keypoint-detection";
};
template <>
struct TaskOf<EmbeddingModel> {
  static constexpr std::string_view kValue = "embedding";
};
}  // namespace detail

class INFERENCE_EXP_API AutoModel {
 public:
  AutoModel() = delete;

  /// Opens `model`: a package folder (with model_config.json), a bare model file (`.onnx`) of a known family, or else a
  /// model id, whose best package for this machine is found, downloaded into the cache and opened (docs/hub.md). What
  /// exists as a path is taken as a path. Throws ModelRetrievalError (or one of its kinds) when there is no such model,
  /// NoModelPackagesAvailableError when none of its packages can run here, CorruptedModelPackageError for a malformed
  /// package, MissingDependencyError when the backend it needs is not installed, and the other errors of errors.hpp.
  [[nodiscard]] static std::unique_ptr<Model> from_pretrained(std::string_view model, const LoadOptions& options = {});

  /// The same, for a model whose task is known. Throws InvalidParameterError, naming the right class, if it has
  /// another.
  template <typename M>
  [[nodiscard]] static std::unique_ptr<M> from_pretrained(std::string_view model, const LoadOptions& options = {}) {
    std::unique_ptr<Model> opened = from_pretrained(model, options);
    if (auto* wanted = dynamic_cast<M*>(opened.get())) {
      (void)opened.release();
      return std::unique_ptr<M>(wanted);
    }
    detail::throw_wrong_task(*opened, detail::TaskOf<M>::kValue);
  }
};

}  // namespace inference_exp
