#include "inference_exp/negotiation.hpp"

namespace inference_exp {

std::string_view stage_name(NegotiationStage stage) noexcept {
  switch (stage) {
    case NegotiationStage::package_id:
      return "package id";
    case NegotiationStage::implementation:
      return "implementation";
    case NegotiationStage::trust:
      return "trust";
    case NegotiationStage::backend:
      return "backend";
    case NegotiationStage::batch_size:
      return "batch size";
    case NegotiationStage::quantization:
      return "quantization";
    case NegotiationStage::runtime:
      return "runtime";
    case NegotiationStage::nms_fusion:
      return "fused NMS";
  }
  return "unknown";
}

}  // namespace inference_exp
