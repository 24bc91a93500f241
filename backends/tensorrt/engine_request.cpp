#include "engine_request.hpp"

#include <array>
#include <utility>

#include "common/failure.hpp"
#include "common/tensors.hpp"
#include "ports.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

namespace {

[[noreturn]] void refuse_request(std::string message, std::string hint) {
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, std::move(message), std::move(hint));
}

[[noreturn]] void refuse_network(const std::string& file, const std::string& what) {
  refuse_request(file + " cannot be compiled for TensorRT: " + what + ".",
                 "Networks with one input, images as [batch, 3, height, width] in floating point, can be compiled.");
}

struct Range {
  std::int64_t min = 0, opt = 0, max = 0;
};

std::string text_of_range(const Range& range) {
  return std::to_string(range.min) + ":" + std::to_string(range.opt) + ":" + std::to_string(range.max);
}

Range fixed_batch(std::int64_t batch, const Range& wanted) {
  for (const std::int64_t number : {wanted.min, wanted.opt, wanted.max}) {
    if (number == 0 || number == batch) continue;
    refuse_request("The network takes batches of " + std::to_string(batch) + " and no others; " +
                       text_of_range(wanted) + " was asked for.",
                   "Leave the batch unset, or export the model with a dynamic batch size.");
  }
  return {batch, batch, batch};
}

Range plan_batch(std::int64_t batch, const iexp_compile_request& request) {
  const Range wanted{request.batch_min, request.batch_opt, request.batch_max};
  if (batch >= 0) return fixed_batch(batch, wanted);
  if (wanted.min >= 1 && wanted.min <= wanted.opt && wanted.opt <= wanted.max) return wanted;
  refuse_request("The network's batch size is dynamic; the range " + text_of_range(wanted) + " is not in order.",
                 "Give the least, the best and the largest batch size, at least 1 each.");
}

std::int64_t plan_side(const char* name, std::int64_t side, std::int32_t wanted) {
  if (side >= 0) {
    if (wanted == 0 || wanted == side) return side;
    refuse_request(std::string("The network takes images of ") + name + " " + std::to_string(side) + "; " +
                       std::to_string(wanted) + " was asked for.",
                   "Leave the size unset, or export the model with a dynamic size.");
  }
  if (wanted > 0) return wanted;
  refuse_request(std::string("The network's ") + name + " is dynamic, and none was given.",
                 "Give the height and width that the engine is to have.");
}

void check_input(const iexp_compile_request& request, const std::vector<OnnxInput>& inputs) {
  const std::string file = request.source_path;
  if (inputs.size() != 1) {
    std::string names;
    for (const OnnxInput& input : inputs) names += (names.empty() ? "" : ", ") + input.name;
    refuse_network(file, "it has " + std::to_string(inputs.size()) + " inputs" +
                             (names.empty() ? std::string() : " (" + names + ")"));
  }
  const OnnxInput& input = inputs.front();
  if (input.shape.size() != 4 || input.shape[1] != 3) {
    refuse_network(file, "its input \"" + input.name + "\" has the shape " + backend::text_of(input.shape));
  }
  if (input.type != ElementType::f32 && input.type != ElementType::f16) {
    refuse_network(file, "its input \"" + input.name + "\" takes neither float32 nor float16");
  }
  if (read_precision(request.precision) == Precision::int8 && input.type != ElementType::f32) {
    refuse_network(file, "int8 is calibrated with float32 images, and its input \"" + input.name + "\" takes float16");
  }
}

void check_calibration(const iexp_compile_request& request, const Range& batch) {
  if (read_precision(request.precision) != Precision::int8) return;
  const std::int64_t size = request.calibration_batch_size;
  if (size >= batch.min && size <= batch.max) return;
  refuse_request("Calibration with batches of " + std::to_string(size) + " does not fit an engine for batches of " +
                     text_of_range(batch) + ".",
                 "Use a calibration batch size within the range.");
}

}  // namespace

bool BuildProgress::report(std::string_view phase, std::int32_t step, std::int32_t steps) {
  if (stopped_) return false;
  if (function_ == nullptr || function_(user_, std::string(phase).c_str(), step, steps) != 0) return true;
  stopped_ = true;
  return false;
}

void BuildProgress::enter(std::string_view phase) {
  if (!report(phase, 0, 1)) throw_cancelled();
}

void throw_cancelled() {
  throw Failure(IEXP_ERROR_CANCELLED, "The build of the engine was cancelled.",
                "Nothing was kept of it; start it again.");
}

Precision read_precision(const char* name) {
  constexpr std::array<std::pair<std::string_view, Precision>, 3> kNames{
      {{"fp32", Precision::fp32}, {"fp16", Precision::fp16}, {"int8", Precision::int8}}};
  if (name == nullptr) return Precision::fp32;
  for (const auto& [known, precision] : kNames) {
    if (known == name) return precision;
  }
  refuse_request("The precision \"" + std::string(name) + "\" is not one that engines are compiled with.",
                 "Use fp32, fp16 or int8.");
}

void check_request(const iexp_compile_request& request) {
  if (request.source_path == nullptr || *request.source_path == '\0') refuse_request("No ONNX file is named.", "");
  if (request.target_path == nullptr || *request.target_path == '\0') {
    refuse_request("No file is named to write the engine to.", "");
  }
  const bool negative = request.batch_min < 0 || request.batch_opt < 0 || request.batch_max < 0 ||
                        request.input_height < 0 || request.input_width < 0;
  if (negative) refuse_request("Batch sizes, height and width must not be negative.", "Use 0 for what is not given.");
  if (read_precision(request.precision) != Precision::int8) return;
  if (request.calibration_batch == nullptr) {
    refuse_request("int8 needs images to find the ranges of its numbers, and none were given.",
                   "Give some hundred pictures like those that the model will see, or use fp16.");
  }
}

EngineInput plan_input(const iexp_compile_request& request, const std::vector<OnnxInput>& inputs) {
  check_input(request, inputs);
  const OnnxInput& input = inputs.front();
  const Range batch = plan_batch(input.shape[0], request);
  const std::int64_t height = plan_side("height", input.shape[2], request.input_height);
  const std::int64_t width = plan_side("width", input.shape[3], request.input_width);
  check_calibration(request, batch);
  const auto shape = [&](std::int64_t images) { return Dimensions{images, input.shape[1], height, width}; };
  return {.name = input.name,
          .type = input.type,
          .shapes = {.min = shape(batch.min), .opt = shape(batch.opt), .max = shape(batch.max)},
          .dynamic = input.shape[0] < 0 || input.shape[2] < 0 || input.shape[3] < 0};
}

}  // namespace inference_exp::tensorrt
