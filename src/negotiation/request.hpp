// The caller's wishes, checked, and completed with what suits the device.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/environment.hpp"
#include "inference_exp/load_options.hpp"

namespace inference_exp::negotiation {

/// LoadOptions::session.device, taken apart.
struct Device {
  enum class Kind : std::uint8_t { unspecified, cpu, cuda, mps };
  Kind kind = Kind::unspecified;
  std::optional<std::size_t> index;
};

/// "", "cpu", "cuda", "cuda:<number>" or "mps"; anything else is an InvalidParameterError.
[[nodiscard]] Device parse_device(std::string_view text);

struct Request {
  std::vector<std::string> backends;  ///< in lower case; empty: any
  std::optional<BatchRange> batch_size;
  std::vector<Quantization> quantizations;  ///< empty: any
  bool default_quantizations = false;       ///< the caller left the choice to us
  Device device;
};

/// Throws InvalidRequestedBatchSizeError, UnknownBackendTypeError, InvalidParameterError, and
/// ModelPackageNegotiationError for a GPU that this machine does not have.
[[nodiscard]] Request check_request(const LoadOptions& options, const EnvironmentDescription& environment);

/// Decision::filters.
[[nodiscard]] std::string describe_request(const Request& request, const LoadOptions& options);

}  // namespace inference_exp::negotiation
