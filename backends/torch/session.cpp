#include "session.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <optional>
#include <string_view>

#include "checkpoint/checkpoint.hpp"
#include "common/failure.hpp"
#include "core/cpu_info.hpp"
#include "inference_exp/errors.hpp"
#include "rfdetr_checkpoint.hpp"
#include "runtime.hpp"
#include "torchscript.hpp"
#include "towers.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr std::int32_t kMaxThreads = 1024;

[[noreturn]] void refuse(const std::string& what, const char* hint) {
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, what, hint);
}

struct NetworkChoice {
  std::string architecture;
  std::string model_type;
  std::string format = "checkpoint";
  Tower part = Tower::image;
  std::optional<at::ScalarType> precision;
  std::vector<std::int64_t> input_shape;
};

at::ScalarType precision_of(std::string_view text) {
  if (text == "float32") return at::kFloat;
  if (text == "float16") return at::kHalf;
  refuse("There is no precision \"" + std::string(text) + "\".", "Use float32 or float16.");
}

Tower tower_of(std::string_view text) {
  if (text == "image") return Tower::image;
  if (text == "text") return Tower::text;
  refuse("A network has no part \"" + std::string(text) + "\".", "Use image or text.");
}

std::string format_of(std::string_view text) {
  if (text == "torchscript" || text == "checkpoint") return std::string(text);
  refuse("There is no format \"" + std::string(text) + "\".", "Use checkpoint or torchscript.");
}

NetworkChoice read_options(const iexp_open_request& request) {
  NetworkChoice choice;
  for (std::size_t i = 0; i < request.network_option_count; ++i) {
    const std::string_view key = request.network_options[i].key;
    const std::string_view value = request.network_options[i].value;
    if (key == "architecture") {
      choice.architecture = value;
    } else if (key == "model_type") {
      choice.model_type = value;
    } else if (key == "format") {
      choice.format = format_of(value);
    } else if (key == "part") {
      choice.part = tower_of(value);
    } else if (key == "input_shape") {
      choice.input_shape = parse_input_shape(request.network_options[i].value);
    } else if (key == "precision") {
      choice.precision = precision_of(value);
    } else {
      refuse("The torch backend has no use for the option \"" + std::string(key) + "\".",
             "It knows architecture, format, input_shape, model_type, part and precision.");
    }
  }
  return choice;
}

void check_settings(const iexp_open_request& request) {
  if (request.model_path == nullptr || *request.model_path == '\0') {
    refuse("No model file is named.", "Give the path of a checkpoint.");
  }
  if (request.intra_op_threads < 0 || request.intra_op_threads > kMaxThreads) {
    refuse("A thread count of " + std::to_string(request.intra_op_threads) + " is out of range.",
           "Use 0 for the default, or 1 to 1024.");
  }
  if (request.execution_provider_count > 0) {
    refuse("The torch backend has no execution providers.", "Choose a device instead.");
  }
}

/// What the caller names is used or refused; unnamed: the first CUDA device, else the processor.
at::Device device_of(const char* name) {
  const int count = cuda_device_count();
  if (name == nullptr) return count > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  const std::string_view text = name;
  if (text == "cpu") return at::kCPU;
  if (text == "cuda" || text.starts_with("cuda:")) {
    int index = 0;
    for (const char digit : text.substr(text == "cuda" ? 4 : 5)) {
      if (digit < '0' || digit > '9' || index > 999)
        refuse("\"" + std::string(text) + "\" is no device.", "Use cpu, cuda or cuda:0.");
      index = index * 10 + (digit - '0');
    }
    if (index < count) return {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
    throw Failure(IEXP_ERROR_ENVIRONMENT,
                  "The device \"" + std::string(text) + "\" is not here: LibTorch sees " + std::to_string(count) +
                      " CUDA devices.",
                  "Choose another device, or install a LibTorch with CUDA and the driver.");
  }
  refuse("\"" + std::string(text) + "\" is no device of the torch backend.", "Use cpu, cuda or cuda:0.");
}

Placement placement_of(const NetworkChoice& choice, at::Device device) {
  const at::ScalarType usual = device.is_cuda() ? at::kHalf : at::kFloat;
  const Placement placement{device, choice.precision.value_or(usual)};
  if (placement.dtype == at::kHalf && device.is_cpu()) {
    throw Failure(IEXP_ERROR_ENVIRONMENT, "LibTorch does not compute in float16 on a CPU.",
                  "Use the precision float32 there, or a CUDA device.");
  }
  return placement;
}

std::unique_ptr<Network> open_network(const char* path, const NetworkChoice& choice, at::Device device) {
  try {
    if (choice.format == "torchscript") return open_torchscript(path, {device, choice.precision, choice.input_shape});
    const Placement placement = placement_of(choice, device);
    const auto file = checkpoint::Checkpoint::open(path);
    if (choice.architecture == "rfdetr") return open_rfdetr(file, choice.model_type, placement);
    if (choice.architecture == "clip") return open_clip(file, choice.part, placement);
    if (choice.architecture == "perception-encoder") {
      return open_perception_encoder(file, choice.model_type, choice.part, placement);
    }
  } catch (const UntrustedCheckpointError& error) {
    throw Failure(IEXP_ERROR_UNTRUSTED, error.message(), error.hint());
  } catch (const Error& error) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, error.message(), error.hint());
  } catch (const c10::Error& error) {
    rethrow(error);
  } catch (const Failure& failure) {
    throw Failure(failure.code(), std::string(path) + ": " + failure.what(), failure.hint());
  }
  refuse("The torch backend builds no network of the architecture \"" + choice.architecture + "\".",
         "It builds rfdetr, clip and perception-encoder from checkpoints.");
}

std::vector<Port> ports_of(std::span<const TensorPort> ports) {
  std::vector<Port> crossing;
  for (const TensorPort& port : ports) crossing.push_back({port.name, to_plugin(port.dtype), port.shape});
  return crossing;
}

}  // namespace

std::unique_ptr<iexp_session> open_session(const iexp_open_request& request) {
  check_settings(request);
  const NetworkChoice choice = read_options(request);
  auto session = std::make_unique<iexp_session>();
  session->placement = device_of(request.device);
  session->threads = request.intra_op_threads > 0 ? request.intra_op_threads : cpu_info().physical_cores;
  use_threads(session->threads);
  allow_blas_threads(session->threads);
  session->network = open_network(request.model_path, choice, session->placement);
  session->inputs = ports_of(session->network->inputs());
  session->outputs = ports_of(session->network->outputs());
  return session;
}

iexp_device to_plugin(at::Device device) noexcept {
  constexpr std::int32_t kCpu = 1;
  constexpr std::int32_t kCuda = 2;
  return device.is_cuda() ? iexp_device{kCuda, device.index()} : iexp_device{kCpu, 0};
}

iexp_dtype to_plugin(at::ScalarType type) noexcept {
  switch (type) {
    case at::kFloat:
      return {.code = 2, .bits = 32, .lanes = 1};
    case at::kHalf:
      return {.code = 2, .bits = 16, .lanes = 1};
    case at::kInt:
      return {.code = 0, .bits = 32, .lanes = 1};
    case at::kLong:
      return {.code = 0, .bits = 64, .lanes = 1};
    default:
      return {};
  }
}

}  // namespace inference_exp::torch_backend

iexp_device iexp_session::device() const noexcept { return inference_exp::torch_backend::to_plugin(placement); }
