// What the three YOLO models share: the package's checks, the pixels' way in, and the rows' way out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/function_ref.hpp"
#include "core/object_pool.hpp"
#include "core/preprocessing.hpp"
#include "inference_exp/model.hpp"
#include "models/registry.hpp"
#include "models/yolo_device.hpp"
#include "models/yolo_head.hpp"
#include "models/yolo_options.hpp"
#include "runtime/batch_runner.hpp"
#include "vision/masks.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp::models {

/// Everything one call needs, reused from call to call.
struct YoloWorkspace {
  vision::PreprocessWorkspace preprocess;
  std::vector<PreprocessingMetadata> placements;  ///< one per image
  std::vector<float> class_thresholds;
  RowWorkspace row_buffers;
  std::vector<YoloRow> rows;
  std::vector<float> extra;
  vision::MaskWorkspace masks;
};

/// One image's answer, decoded up to its rows in network pixels.
struct YoloAnswer {
  std::size_t image = 0;
  std::span<const TensorView> outputs;  ///< empty where they lie on a device
  const PreprocessingMetadata& placement;
  const YoloSettings& settings;
  YoloWorkspace& workspace;                     ///< its `rows` are the answer
  std::span<const float> extras{};              ///< of all rows, one after the other, where they were read on a device
  YoloDeviceOutputs* device_outputs = nullptr;  ///< where they lie on a device

  /// Output `index` as f32 on the host. Throws ModelRuntimeError when the network gave fewer.
  [[nodiscard]] TensorView output(std::size_t index) const;
};

class YoloNetwork {
 public:
  /// `head` without classes and layout: those follow from `init`. Throws CorruptedModelPackageError.
  YoloNetwork(ModelInit init, std::size_t outputs, std::size_t row_output, std::size_t extra_values);

  using Consume = FunctionRef<void(const YoloAnswer&)>;

  /// Runs the network and calls `consume` once per image, in order.
  void run(std::span<const ImageView> images, const InferenceOptions& options, Consume consume) const;

  /// The same in three stages.
  [[nodiscard]] PreparedImages pre_process(std::span<const ImageView> images, const InferenceOptions& options) const;
  [[nodiscard]] NetworkOutputs forward(const FloatTensor& pixels) const;
  void post_process(const NetworkOutputs& outputs, std::span<const PreprocessingMetadata> placements,
                    const InferenceOptions& options, Consume consume) const;

  /// The first extra values of a row of the answer, as many as `values` has room for.
  void read_extra(const YoloAnswer& answer, std::size_t row, std::span<float> values) const;

  [[nodiscard]] const ModelInit& init() const noexcept { return init_; }
  [[nodiscard]] const YoloHead& head() const noexcept { return head_; }
  [[nodiscard]] Size input_size() const noexcept { return init_.config.network_input.training_input_size; }
  [[nodiscard]] std::int32_t max_batch_size() const noexcept { return runner_->limits().max; }

 private:
  /// One call's settings, read once for all its images.
  struct Call {
    ObjectPool<YoloWorkspace>::Lease workspace;
    YoloSettings settings;
    RowFilter filter;
  };
  [[nodiscard]] Call begin(const InferenceOptions& options) const;
  [[nodiscard]] Preprocessing recipe_for(const InferenceOptions& options) const;
  void run_on_host(const Call& call, std::span<const ImageView> images, const Preprocessing& recipe, Consume consume,
                   const runtime::RunSettings& settings) const;
  void run_on_device(const Call& call, std::span<const ImageView> images, const Preprocessing& recipe, Consume consume,
                     const runtime::RunSettings& settings) const;
  /// Reads the rows of one image and hands them on.
  void answer(const Call& call, std::size_t image, std::span<const TensorView> outputs,
              const PreprocessingMetadata& placement, Consume consume) const;

  ModelInit init_;
  YoloHead head_;
  std::size_t row_output_;
  YoloDefaults defaults_;
  Preprocessing recipe_;
  bool dynamic_size_ = false;
  std::unique_ptr<runtime::BatchRunner> runner_;
  std::unique_ptr<YoloDevicePath> device_path_;  ///< null: there is none
  std::unique_ptr<ObjectPool<YoloWorkspace>> workspaces_;
};

/// The rows of an answer as Detections in pixels of the original image.
[[nodiscard]] Detections to_detections(const YoloAnswer& answer);

/// Implements what every Model tells of itself by asking `network_`.
template <typename Base>
class YoloModel : public Base {
 public:
  explicit YoloModel(YoloNetwork network) : network_(std::move(network)) {}

  using Base::infer;
  [[nodiscard]] std::span<const std::string> class_names() const noexcept override {
    return network_.init().class_names;
  }
  [[nodiscard]] std::string_view architecture() const noexcept override { return network_.init().architecture; }
  [[nodiscard]] std::string_view backend() const noexcept override { return network_.init().session->backend(); }
  [[nodiscard]] Size input_size() const noexcept override { return network_.input_size(); }
  [[nodiscard]] std::int32_t max_batch_size() const noexcept override { return network_.max_batch_size(); }
  [[nodiscard]] PreparedImages pre_process(std::span<const ImageView> images,
                                           const InferenceOptions& options) const override {
    return network_.pre_process(images, options);
  }
  [[nodiscard]] NetworkOutputs forward(const FloatTensor& pixels) const override { return network_.forward(pixels); }

 protected:
  YoloNetwork network_;  // NOLINT(readability-identifier-naming): protected, named like a private member
};

}  // namespace inference_exp::models
