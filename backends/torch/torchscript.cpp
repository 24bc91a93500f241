#include "torchscript.hpp"

#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <new>
#include <utility>

#include "common/failure.hpp"
#include "core/json.hpp"
#include "inference_exp/errors.hpp"
#include "torchscript_archive.hpp"
#include "torchscript_graph.hpp"
#include "torchscript_network.hpp"
#include "torchscript_refusal.hpp"

namespace inference_exp::torch_backend {

namespace jit = torch::jit;
using backend::Failure;

namespace {

constexpr std::int64_t kMaxSide = 16384;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 30U;

bool is_picture_batch(const std::vector<std::int64_t>& shape) {
  if (shape.size() != 4 || shape[1] != 3) return false;
  std::int64_t elements = 1;
  for (const std::int64_t size : shape) {
    if (size < 1 || size > kMaxSide) return false;
    elements *= size;
    if (elements > kMaxElements) return false;
  }
  return true;
}

/// The shape that Ultralytics' export notes beside the network: {"batch": 1, "imgsz": [height, width], ...}.
std::vector<std::int64_t> noted_shape(const std::string& configuration) {
  constexpr const char* kHint = "Give the option input_shape, such as 1,3,640,640.";
  if (configuration.empty()) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The file does not say what shape its input has.", kHint);
  }
  const Json json = parse_json(configuration, "config.txt");
  const auto size = json.find("imgsz");
  const auto batch = json.find("batch");
  const bool told = json.is_object() && size != json.end() && size->is_array() && size->size() == 2 &&
                    (*size)[0].is_number_integer() && (*size)[1].is_number_integer() && batch != json.end() &&
                    batch->is_number_integer();
  if (told) {
    std::vector<std::int64_t> shape{batch->get<std::int64_t>(), 3, (*size)[0].get<std::int64_t>(),
                                    (*size)[1].get<std::int64_t>()};
    if (is_picture_batch(shape)) return shape;
  }
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "The file's config.txt does not say what shape its input has.", kHint);
}

/// The type that the network computes in: that of its floating weights.
at::ScalarType weight_type(const jit::Module& module) {
  for (const at::Tensor& weight : module.parameters()) {
    if (weight.is_floating_point()) return weight.scalar_type();
  }
  return at::kFloat;
}

void check_precision(at::ScalarType weights, const ScriptSettings& settings) {
  if (weights != at::kFloat && weights != at::kHalf) {
    refuse_script(std::string("its weights are ") + c10::toString(weights) + ", where float32 or float16 is supported");
  }
  if (settings.precision && *settings.precision != weights) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                  std::string("The TorchScript network was exported with weights of the type ") +
                      (weights == at::kHalf ? "float16." : "float32."),
                  "Leave the precision unset, or export the network in the one you want.");
  }
  if (weights == at::kHalf && settings.device.is_cpu()) {
    throw Failure(IEXP_ERROR_ENVIRONMENT, "LibTorch does not compute in float16 on a CPU.",
                  "Use a CUDA device, or a network that was exported in float32.");
  }
}

void check_signature(const jit::Module& module) {
  const auto method = module.find_method("forward");
  if (!method) refuse_script("its module has no forward");
  const auto& arguments = method->function().getSchema().arguments();
  const bool takes_picture = arguments.size() >= 2 && arguments[1].type()->kind() == c10::TypeKind::TensorType;
  const bool needs_no_more = std::all_of(arguments.begin() + std::min<std::ptrdiff_t>(2, std::ssize(arguments)),
                                         arguments.end(), [](const auto& more) { return more.default_value(); });
  if (!takes_picture || !needs_no_more) refuse_script("its forward does not take one tensor");
}

std::unique_ptr<Network> open_checked(const std::string& path, const ScriptSettings& settings) {
  const ScriptArchive archive(path);
  std::vector<std::int64_t> shape =
      settings.input_shape.empty() ? noted_shape(archive.configuration()) : settings.input_shape;
  jit::Module module = archive.load(settings.device);
  check_signature(module);
  check_graphs(module);
  const at::ScalarType type = weight_type(module);
  check_precision(type, settings);
  module.eval();
  std::map<std::string, std::string> metadata;
  if (!archive.configuration().empty()) metadata.emplace("config", archive.configuration());
  return make_script_network(torch::jit::freeze(module), type, std::move(shape), settings.device, std::move(metadata));
}

}  // namespace

std::vector<std::int64_t> parse_input_shape(const std::string& text) {
  std::vector<std::int64_t> shape{0};
  for (const char c : text) {
    if (c == ',') {
      shape.push_back(0);
    } else if (c >= '0' && c <= '9' && shape.back() <= kMaxSide) {
      shape.back() = shape.back() * 10 + (c - '0');
    } else {
      shape.clear();
      break;
    }
  }
  if (is_picture_batch(shape)) return shape;
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, "\"" + text + "\" is not the shape of a batch of pictures.",
                "Give batch, 3, height and width, such as 1,3,640,640.");
}

std::unique_ptr<Network> open_torchscript(const std::string& path, const ScriptSettings& settings) {
  try {
    return open_checked(path, settings);
  } catch (const Failure&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const UntrustedCheckpointError& error) {
    throw Failure(IEXP_ERROR_UNTRUSTED, error.message(), error.hint());
  } catch (const Error& error) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, error.message(), error.hint());
  } catch (const std::exception& error) {
    refuse_script(reason_of(error));
  }
}

}  // namespace inference_exp::torch_backend
