// How the stand-in "builds": it walks phases from two threads, asks for calibration batches, and writes down what it
// was asked for.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <thread>

#include "backends/tensorrt/stand_in_parts.hpp"
#include "common/failure.hpp"

namespace inference_exp::test {

using backend::Failure;
using tensorrt::BuildRequest;
using tensorrt::Dimensions;
using tensorrt::IoTensor;
using tensorrt::Precision;

namespace {

constexpr std::array<const char*, 4> kPhases{"Parsing", "Building engine", "Timing tactics", "Serializing"};
constexpr std::string_view kCacheMark = "stand-in timing cache ";

std::string text_of_file(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The file's own text, or, for an ONNX file that another library is to read, that of the file beside it whose name
/// ends with ".stand_in".
StandInPlan read_network(const std::string& file) {
  try {
    return parse_onnx(text_of_file(file));
  } catch (const std::exception&) {
    try {
      return parse_onnx(text_of_file(file + ".stand_in"));
    } catch (const std::exception&) {
      throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, file + ": TensorRT's parser cannot read it as an ONNX file.",
                    "Export the model again.");
    }
  }
}

/// True unless the build is to stop.
bool walk_phase(const char* phase, const BuildSettings& settings, const BuildRequest& request) {
  std::atomic<int> next{0};
  std::atomic<bool> go_on{true};
  const auto work = [&] {
    for (int step = next++; step < settings.steps && go_on; step = next++) {
      std::this_thread::sleep_for(std::chrono::milliseconds(settings.milliseconds_per_step));
      if (request.progress && !request.progress(phase, step, settings.steps)) go_on = false;
    }
  };
  std::thread other(work);
  work();
  other.join();
  return go_on;
}

void walk_phases(const BuildRequest& request) {
  const BuildSettings settings = switches().build_settings();
  for (const char* phase : kPhases) {
    if (!walk_phase(phase, settings, request)) throw Failure(IEXP_ERROR_CANCELLED, "The build was cancelled.");
    if (settings.failing_phase == phase) {
      throw Failure(settings.failing_code, std::string("TensorRT: ") + phase + " was told to fail.");
    }
  }
}

std::string name_of(Precision precision) {
  if (precision == Precision::fp16) return "fp16";
  return precision == Precision::int8 ? "int8" : "fp32";
}

int uses_of(const std::vector<std::byte>& cache) {
  const std::string_view text(reinterpret_cast<const char*>(cache.data()), cache.size());
  int uses = 0;
  if (!text.starts_with(kCacheMark)) return uses;
  std::from_chars(text.data() + kCacheMark.size(), text.data() + text.size(), uses);
  return uses;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

void set_profiles(IoTensor& tensor, const BuildRequest& request) {
  if (!tensor.is_input) return;
  tensor.profiles.clear();
  for (const BuildRequest::Profile& profile : request.profiles) {
    if (profile.input == tensor.name) tensor.profiles.push_back(profile.shapes);
  }
  if (!tensor.profiles.empty()) return;
  if (std::ranges::find(tensor.shape, -1) != tensor.shape.end()) {
    throw Failure(IEXP_ERROR_MODEL_RUNTIME,
                  "TensorRT: the network has dynamic inputs, but no optimization profile has been defined.");
  }
  tensor.profiles.push_back({tensor.shape, tensor.shape, tensor.shape});
}

std::size_t calibration_bytes(const StandInPlan& plan, const BuildRequest& request) {
  const auto input = std::ranges::find(plan.io, true, &IoTensor::is_input);
  if (input == plan.io.end()) return 0;
  const Dimensions& shape = input->profiles.front().opt;
  auto count = static_cast<std::size_t>(request.calibration.batch_size);
  for (std::size_t i = 1; i < shape.size(); ++i) count *= static_cast<std::size_t>(shape[i]);
  return count * sizeof(float);
}

void calibrate(StandInPlan& plan, const BuildRequest& request) {
  if (!request.calibration.next_batch) {
    throw Failure(IEXP_ERROR_MODEL_RUNTIME, "TensorRT: int8 needs a calibrator.");
  }
  std::vector<float> values(calibration_bytes(plan, request) / sizeof(float));
  int batches = 0;
  double sum = 0;
  while (request.calibration.next_batch(std::as_writable_bytes(std::span(values)))) {
    ++batches;
    for (const float value : values) sum += value;
  }
  plan.build["calibration_batches"] = std::to_string(batches);
  plan.build["calibration_sum"] = std::to_string(sum);
}

}  // namespace

std::vector<tensorrt::OnnxInput> stand_in_onnx_inputs(const std::string& onnx_file) {
  std::vector<tensorrt::OnnxInput> inputs;
  for (const IoTensor& tensor : read_network(onnx_file).io) {
    if (tensor.is_input) inputs.push_back({.name = tensor.name, .type = tensor.type, .shape = tensor.shape});
  }
  return inputs;
}

tensorrt::BuiltEngine build_stand_in_engine(const BuildRequest& request) {
  StandInPlan plan = read_network(request.onnx_file);
  for (IoTensor& tensor : plan.io) set_profiles(tensor, request);
  if (request.precision == Precision::int8) calibrate(plan, request);
  walk_phases(request);
  const int uses = uses_of(request.timing_cache);
  plan.version = switches().version();
  plan.version_compatible = request.version_compatible;
  plan.build["precision"] = name_of(request.precision);
  plan.build["workspace_bytes"] = std::to_string(request.workspace_bytes);
  plan.build["same_compute_capability"] = request.same_compute_capability ? "1" : "0";
  plan.build["timing_cache_uses"] = std::to_string(uses);
  return {.plan = bytes_of(plan_text(plan)),
          .timing_cache = bytes_of(std::string(kCacheMark) + std::to_string(uses + 1))};
}

}  // namespace inference_exp::test
