// Why a package was chosen: the answer of a negotiation as a value.
//
// Contract: plain values. Texts and JSON are rendered from a Decision, never the other way round.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/environment.hpp"
#include "inference_exp/export.hpp"
#include "inference_exp/model_metadata.hpp"

namespace inference_exp {

/// Where a package was ruled out, in the order in which the filters run (loading.md, section 4.2).
enum class NegotiationStage : std::uint8_t {
  package_id,
  implementation,
  trust,
  backend,
  batch_size,
  quantization,
  runtime,
  nms_fusion,
};
[[nodiscard]] INFERENCE_EXP_API std::string_view stage_name(NegotiationStage stage) noexcept;

struct Rejection {
  std::string package_id;
  NegotiationStage stage = NegotiationStage::implementation;
  std::string reason;  ///< the same text for the same cause, so that equal ones can be counted
  std::map<std::string, std::string, std::less<>> details;  ///< what was needed and what is there, for this package
};

/// One key of the ranking: larger is better, and the first key that differs decides.
struct RankKey {
  std::string_view name;  ///< such as "backend", "quantization"; static storage
  double value = 0;
  std::string text;  ///< what the number stands for, such as "onnx"
};

struct RankedPackage {
  PackageMetadata package;
  std::vector<RankKey> keys;
};

/// What was asked, what came out, and why.
struct Decision {
  std::string requested_model;        ///< as the caller wrote it
  ModelMetadata model;                ///< with all announced packages
  std::vector<RankedPackage> ranked;  ///< what can run here, best first
  std::vector<Rejection> rejections;  ///< in the order of the packages
  std::string ranking;                ///< name of the backend order: "trt-torch-onnx" or "trt-onnx-torch"
  std::string filters;                ///< one line that says which request the filters applied
};

/// For people: announced packages, rejections, and the ranking with the key that decided each place. Lines end with
/// '\n'.
[[nodiscard]] INFERENCE_EXP_API std::string explain(const Decision& decision);

/// The rejections alone: one line per distinct reason with a count, the most frequent first (loading.md, 4.7).
[[nodiscard]] INFERENCE_EXP_API std::string summarize_rejections(const Decision& decision);

}  // namespace inference_exp
