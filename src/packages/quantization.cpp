#include <array>
#include <string>

#include "inference_exp/errors.hpp"
#include "inference_exp/model_metadata.hpp"

namespace inference_exp {

namespace {

constexpr std::array kAll{Quantization::unknown, Quantization::fp32, Quantization::fp16, Quantization::bf16,
                          Quantization::int8};

}  // namespace

std::string_view quantization_name(Quantization quantization) noexcept {
  switch (quantization) {
    case Quantization::unknown:
      return "unknown";
    case Quantization::fp32:
      return "fp32";
    case Quantization::fp16:
      return "fp16";
    case Quantization::bf16:
      return "bf16";
    case Quantization::int8:
      return "int8";
  }
  return "unknown";
}

Quantization parse_quantization(std::string_view name) {
  for (const Quantization quantization : kAll) {
    if (quantization_name(quantization) == name) return quantization;
  }
  throw UnknownQuantizationError("There is no quantization \"" + std::string(name) + "\".",
                                 "Known are fp32, fp16, bf16, int8 and unknown.");
}

}  // namespace inference_exp
