#include "checkpoint_source.hpp"
#include "networks/clip.hpp"
#include "towers.hpp"

namespace inference_exp::torch_backend {

std::unique_ptr<Network> open_clip(const std::shared_ptr<const checkpoint::Checkpoint>& file, Tower tower,
                                   Placement placement) {
  const CheckpointSource source(file, "");
  const Weights weights(source, placement);
  return tower == Tower::image ? make_clip_image(weights) : make_clip_text(weights);
}

}  // namespace inference_exp::torch_backend
