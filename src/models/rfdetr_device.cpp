#include "models/rfdetr_device.hpp"

#include <algorithm>

#include "models/device_kernels.hpp"
#include "vision/cuda/preprocessor.hpp"
#include "vision/cuda/top_selector.hpp"

namespace inference_exp::models {

/// Everything one call needs, reused from call to call.
struct RfdetrDevicePath::Workspace {
  Workspace(const vision::gpu::Kernels& kernels, const cuda::Context& context)
      : preprocessor(kernels, context), selector(kernels, context) {}

  void enqueue(std::size_t slot, const runtime::DeviceTensorView& boxes, const runtime::DeviceTensorView& labels,
               float floor, cuda::StreamHandle stream) {
    check_query_shapes(boxes.shape, labels.shape);
    label_shape = labels.shape;
    selector.enqueue(slot,
                     {.logits = address_of(labels),
                      .boxes = address_of(boxes),
                      .dtype = labels.dtype,
                      .queries = static_cast<std::size_t>(labels.shape[0]),
                      .classes = static_cast<std::size_t>(labels.shape[1])},
                     floor, stream);
  }

  /// What the slot found, as the host's half of the search takes it.
  void collect(std::size_t slot) {
    const auto queries = static_cast<std::size_t>(label_shape[0]);
    const auto classes = static_cast<std::size_t>(label_shape[1]);
    candidates.clear();
    box_values.resize(queries * 4);
    for (const vision::gpu::TopEntry& entry : selector.entries(slot)) {
      candidates.push_back({.logit = entry.logit, .index = entry.index, .score = 0});
      std::ranges::copy(entry.box, box_values.begin() + static_cast<std::ptrdiff_t>(entry.index / classes * 4));
    }
  }

  [[nodiscard]] TensorView boxes() {
    return {.data = box_values.data(), .dtype = DType::f32, .shape = {label_shape[0], 4}};
  }

  vision::gpu::DevicePreprocessor preprocessor;
  vision::gpu::DeviceTopSelector selector;
  std::vector<PreprocessingMetadata> placements;  ///< one per image
  Shape label_shape;                              ///< of one image
  std::vector<RfdetrCandidate> candidates;
  std::vector<float> box_values;
};

std::unique_ptr<RfdetrDevicePath> RfdetrDevicePath::make(const std::shared_ptr<const runtime::Session>& session,
                                                         runtime::BatchLimits limits, const RfdetrOutputs& outputs) {
  const DType boxes = session->outputs()[outputs.boxes].dtype;
  const DType labels = session->outputs()[outputs.labels].dtype;
  if (boxes != labels || (labels != DType::f32 && labels != DType::f16)) return nullptr;
  const vision::gpu::Kernels* kernels = device_kernels(*session);
  if (kernels == nullptr) return nullptr;
  return std::unique_ptr<RfdetrDevicePath>(new RfdetrDevicePath(session, limits, outputs, *kernels));
}

RfdetrDevicePath::RfdetrDevicePath(const std::shared_ptr<const runtime::Session>& session, runtime::BatchLimits limits,
                                   const RfdetrOutputs& outputs, const vision::gpu::Kernels& kernels)
    : runner_(session, limits),
      outputs_(outputs),
      workspaces_(std::make_unique<ObjectPool<Workspace>>(
          [&kernels, context = &runner_.context()] { return std::make_unique<Workspace>(kernels, *context); })) {}

RfdetrDevicePath::~RfdetrDevicePath() = default;

bool RfdetrDevicePath::serves(const RfdetrRecipe& recipe, std::span<const ImageView> images) noexcept {
  return !recipe.to_data_set && std::ranges::all_of(images, [&](const ImageView& image) {
    return vision::gpu::DevicePreprocessor::supports(recipe.to_network, image);
  });
}

void RfdetrDevicePath::run(std::span<const ImageView> images, const RfdetrRecipe& recipe,
                           const vision::ScoreThresholds& thresholds, Consume consume,
                           const runtime::RunSettings& settings) const {
  ObjectPool<Workspace>::Lease lease = workspaces_->take();
  Workspace& workspace = *lease;
  workspace.placements.resize(images.size());
  const float floor = logit_floor(thresholds);

  const auto fill = [&](const runtime::DeviceSlot& slot, cuda::DevicePointer chw, DType dtype) {
    workspace.placements[slot.image] =
        workspace.preprocessor.run(slot.slot, images[slot.image], recipe.to_network, chw, dtype, slot.stream);
  };
  const auto read = [&](const runtime::DeviceSlot& slot, std::span<const runtime::DeviceTensorView> outputs) {
    workspace.enqueue(slot.slot, outputs[outputs_.boxes], outputs[outputs_.labels], floor, slot.stream);
  };
  const auto answer = [&](const runtime::DeviceSlot& slot) {
    workspace.collect(slot.slot);
    consume({slot.image, workspace.placements[slot.image], workspace.candidates,
             static_cast<std::size_t>(workspace.label_shape[1]), workspace.boxes()});
  };
  try {
    runner_.run(images.size(), recipe.to_network.target, fill, read, answer, settings);
  } catch (...) {
    lease.discard();  // what its slots hold is not known
    throw;
  }
}

}  // namespace inference_exp::models
