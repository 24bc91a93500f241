#include "networks/rfdetr.hpp"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <utility>

#include "common/failure.hpp"
#include "networks/dinov2.hpp"
#include "networks/rfdetr_decoder.hpp"
#include "networks/rfdetr_projector.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr double kEps = 1e-5;

/// The boxes that the first stage starts from: one at each place of each level, [1, places, 4], zero where it reaches
/// beyond the picture; and which of them are inside.
struct Proposals {
  at::Tensor boxes, outside;
};

Proposals make_proposals(const Memory& memory, const at::TensorOptions& options) {
  std::vector<at::Tensor> levels;
  for (std::size_t level = 0; level < memory.sizes.size(); ++level) {
    const auto [rows, columns] = memory.sizes[level];
    const at::Tensor y = ((at::arange(rows, options) + 0.5) / static_cast<double>(rows)).view({rows, 1});
    const at::Tensor x = ((at::arange(columns, options) + 0.5) / static_cast<double>(columns)).view({1, columns});
    const at::Tensor side = at::full({rows, columns}, 0.05 * std::exp2(static_cast<double>(level)), options);
    levels.push_back(
        at::stack({x.expand({rows, columns}), y.expand({rows, columns}), side, side}, -1).view({1, rows * columns, 4}));
  }
  const at::Tensor boxes = at::cat(levels, 1);
  const at::Tensor outside = boxes.gt(0.01).logical_and(boxes.lt(0.99)).all(-1, true).logical_not();
  return {boxes.masked_fill(outside, 0), outside};
}

class Rfdetr final : public Network {
 public:
  Rfdetr(Weights& weights, const RfdetrShape& shape, std::map<std::string, std::string> metadata)
      : shape_(shape),
        options_(at::TensorOptions().dtype(weights.placement().dtype).device(weights.placement().device)),
        metadata_(std::move(metadata)),
        encoder_(weights, shape),
        projector_(weights, shape),
        decoder_(weights, shape) {
    const std::int64_t hidden = shape.hidden;
    const std::string stage_one = "transformer.";
    first_stage_ = take_linear(weights, stage_one + "enc_output.0", hidden, hidden);
    first_stage_norm_ = take_layer_norm(weights, stage_one + "enc_output_norm.0", hidden, kEps);
    first_stage_class_ = take_linear(weights, stage_one + "enc_out_class_embed.0", hidden, shape.classes);
    first_stage_box_ = take_perceptron(weights, stage_one + "enc_out_bbox_embed.0", {hidden, hidden, hidden, 4});
    const std::int64_t all_queries = weights.dim("query_feat.weight", 0);
    queries_ = weights.take("query_feat.weight", {all_queries, hidden}).slice(0, 0, shape.num_queries).clone();
    query_boxes_ = weights.take("refpoint_embed.weight", {all_queries, 4}).slice(0, 0, shape.num_queries).clone();
    class_ = take_linear(weights, "class_embed", hidden, shape.classes);
    box_ = take_perceptron(weights, "bbox_embed", {hidden, hidden, hidden, 4});
    inputs_ = {TensorPort{"input", at::kFloat, {-1, 3, -1, -1}}};
    outputs_ = {TensorPort{"dets", at::kFloat, {-1, shape.num_queries, 4}},
                TensorPort{"labels", at::kFloat, {-1, shape.num_queries, shape.classes}}};
    describe();
  }

  [[nodiscard]] std::span<const TensorPort> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const TensorPort> outputs() const noexcept override { return outputs_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept override { return metadata_; }

  [[nodiscard]] std::vector<at::Tensor> forward(std::span<const at::Tensor> inputs, Tracer* tracer) const override {
    const at::Tensor image = inputs[0].to(options_);
    check_size(image);
    const Memory memory = flatten(projector_.forward(encoder_.forward(image, tracer), tracer), tracer);
    const at::Tensor boxes = first_stage(memory, tracer);
    const at::Tensor queries =
        decoder_.forward(queries_.unsqueeze(0).expand({image.size(0), -1, -1}), boxes, memory, tracer);
    if (tracer != nullptr) tracer->see("transformer.decoder.norm", queries);
    return {move_boxes(box_(queries), boxes).to(at::kFloat), class_(queries).to(at::kFloat)};
  }

 private:
  void describe() {
    metadata_["resolution"] = std::to_string(shape_.resolution);
    metadata_["patch_size"] = std::to_string(shape_.patch);
    metadata_["num_windows"] = std::to_string(shape_.num_windows);
    metadata_["num_classes"] = std::to_string(shape_.classes);
    metadata_["num_queries"] = std::to_string(shape_.num_queries);
  }

  void check_size(const at::Tensor& image) const {
    const std::int64_t step = shape_.patch * shape_.num_windows;
    if (image.dim() == 4 && image.size(2) > 0 && image.size(3) > 0 && image.size(2) % step == 0 &&
        image.size(3) % step == 0) {
      return;
    }
    throw Failure(IEXP_ERROR_MODEL_RUNTIME,
                  "An input of height " + std::to_string(image.size(2)) + " and width " +
                      std::to_string(image.size(3)) + " does not fit this RF-DETR network.",
                  "Both must be multiples of " + std::to_string(step) + ".");
  }

  static Memory flatten(const std::vector<at::Tensor>& levels, Tracer* tracer) {
    Memory memory;
    std::vector<at::Tensor> tokens;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (tracer != nullptr) tracer->see("backbone.0.projector[" + std::to_string(i) + "]", levels[i]);
      memory.sizes.emplace_back(levels[i].size(2), levels[i].size(3));
      tokens.push_back(levels[i].flatten(2).transpose(1, 2));
    }
    memory.tokens = at::cat(tokens, 1).contiguous();
    return memory;
  }

  /// Reference boxes [B, Q, 4]: those of the places that look most like an object, moved by each query's own offset.
  at::Tensor first_stage(const Memory& memory, Tracer* tracer) const {
    const Proposals proposals = make_proposals(memory, options_);
    const std::int64_t batch = memory.tokens.size(0);
    const at::Tensor linear = first_stage_(memory.tokens.masked_fill(proposals.outside, 0));
    if (tracer != nullptr) tracer->see("transformer.enc_output.0", linear);
    const at::Tensor normed = first_stage_norm_(linear);
    if (tracer != nullptr) tracer->see("transformer.enc_output_norm.0", normed);
    const at::Tensor scores = first_stage_class_(normed);
    if (tracer != nullptr) tracer->see("transformer.enc_out_class_embed.0", scores);
    const std::int64_t count = std::min(shape_.num_queries, normed.size(1));
    const at::Tensor best = std::get<1>(at::topk(std::get<0>(scores.max(-1)), count, 1)).unsqueeze(-1);
    // Only the chosen places need their boxes.
    const at::Tensor chosen = normed.gather(1, best.expand({-1, -1, normed.size(2)}));
    const at::Tensor start = proposals.boxes.expand({batch, -1, -1}).gather(1, best.expand({-1, -1, 4}));
    const at::Tensor found = move_boxes(first_stage_box_(chosen), start);
    const at::Tensor own = query_boxes_.unsqueeze(0).expand({batch, -1, -1});
    if (count == shape_.num_queries) return move_boxes(own, found);
    // A picture with fewer places than queries: the rest keep what they learnt.
    return at::cat({move_boxes(own.slice(1, 0, count), found), own.slice(1, count)}, 1);
  }

  RfdetrShape shape_;
  at::TensorOptions options_;
  std::map<std::string, std::string> metadata_;
  Dinov2 encoder_;
  RfdetrProjector projector_;
  RfdetrDecoder decoder_;
  Linear first_stage_, first_stage_class_, class_;
  LayerNorm first_stage_norm_;
  Perceptron first_stage_box_, box_;
  at::Tensor queries_, query_boxes_;
  std::vector<TensorPort> inputs_, outputs_;
};

}  // namespace

std::unique_ptr<Network> make_rfdetr(Weights weights, const RfdetrHints& hints,
                                     std::map<std::string, std::string> metadata) {
  const c10::InferenceMode guard;
  const RfdetrShape shape = rfdetr_shape(weights, hints);
  Weights trial = weights.without_memory();
  const Rfdetr without_memory(trial, shape, {});
  trial.finish();
  return std::make_unique<Rfdetr>(weights, shape, std::move(metadata));
}

}  // namespace inference_exp::torch_backend
