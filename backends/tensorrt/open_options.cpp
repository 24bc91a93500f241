#include "open_options.hpp"

#include <charconv>
#include <span>
#include <string_view>
#include <utility>

#include "common/failure.hpp"
#include "cuda/driver.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

namespace {

[[noreturn]] void refuse(std::string message, std::string hint) {
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, std::move(message), std::move(hint));
}

/// Whether `value` is `yes` rather than `no`.
bool read_choice(std::string_view key, std::string_view value, std::string_view yes, std::string_view no) {
  if (value == yes) return true;
  if (value == no) return false;
  refuse("The option \"" + std::string(key) + "\" is \"" + std::string(value) + "\".",
         "Use \"" + std::string(yes) + "\" or \"" + std::string(no) + "\".");
}

void read_network_option(const iexp_key_value& option, OpenOptions& options) {
  if (option.key == nullptr || option.value == nullptr) refuse("A network option is NULL.", "");
  const std::string_view key = option.key;
  if (key == "host_code") {
    options.host_code_allowed = read_choice(key, option.value, "allowed", "refused");
  } else if (key == "cuda_graphs") {
    options.cuda_graphs = read_choice(key, option.value, "on", "off");
  } else if (key == "precision") {
    refuse("An engine of TensorRT has the precision that it was built with; \"" + std::string(option.value) +
               "\" cannot be had from it now.",
           "Leave the precision empty, or compile the model with another one.");
  } else {
    refuse("The trt backend has no use for the option \"" + std::string(key) + "\".",
           "An engine says all of its network itself.");
  }
}

void check_host_settings(const iexp_open_request& request) {
  if (request.execution_provider_count > 0) {
    refuse("Execution providers belong to ONNX Runtime; the trt backend has none.",
           "Leave them empty, or open the model with the onnx backend.");
  }
  if (request.intra_op_threads != 0 || request.inter_op_threads != 0) {
    refuse("The trt backend computes on the GPU; a thread count changes nothing there.",
           "Leave the thread counts at 0.");
  }
  if (request.allow_spinning < -1 || request.allow_spinning > 1) refuse("allow_spinning must be -1, 0 or 1.", "");
}

}  // namespace

int parse_device(const char* text) {
  const std::string_view name = text != nullptr ? text : "";
  if (name.empty() || name == "cuda") return 0;
  if (name == "cpu") {
    throw Failure(IEXP_ERROR_ENVIRONMENT, "TensorRT runs on NVIDIA GPUs only; the device \"cpu\" was asked for.",
                  "Use the device \"cuda\", or another backend.");
  }
  constexpr std::string_view kIndexed = "cuda:";
  if (name.starts_with(kIndexed)) {
    const std::string_view digits = name.substr(kIndexed.size());
    int index = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error == std::errc() && end == digits.data() + digits.size() && index >= 0) return index;
  }
  refuse("The device \"" + std::string(name) + "\" is not one that the trt backend knows.",
         R"(Use "cuda" or "cuda:<number>", or leave it empty.)");
}

void require_device(int device) {
  static_cast<void>(cuda::driver());  // without one, its own words say why
  const int count = cuda::device_count();
  if (device < count) return;
  const std::string known = count == 0   ? "no CUDA device"
                            : count == 1 ? "only cuda:0"
                                         : "only cuda:0 to cuda:" + std::to_string(count - 1);
  throw Failure(IEXP_ERROR_ENVIRONMENT,
                "The device cuda:" + std::to_string(device) + " was asked for; this machine has " + known + ".",
                count == 0 ? "TensorRT needs an NVIDIA GPU; check that nvidia-smi shows one, or use another backend."
                           : "Use a device that is there.");
}

OpenOptions read_options(const iexp_open_request& request) {
  OpenOptions options;
  options.device = parse_device(request.device);
  check_host_settings(request);
  for (const iexp_key_value& option : std::span(request.network_options, request.network_option_count)) {
    read_network_option(option, options);
  }
  return options;
}

}  // namespace inference_exp::tensorrt
