#include "backends/tensorrt/stand_in_run.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <utility>

#include "backends/tensorrt/stand_in_parts.hpp"
#include "backends/tensorrt/stand_in_values.hpp"
#include "common/failure.hpp"
#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::test {

using backend::Failure;
using tensorrt::IoTensor;

namespace {

constexpr int kIllegalAddress = 700;  // CUDA_ERROR_ILLEGAL_ADDRESS
constexpr int kLaunchFailed = 719;    // CUDA_ERROR_LAUNCH_FAILED

std::vector<float> read_pattern(const std::string& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "TensorRT: the pattern " + file + " is missing.");
  std::vector<float> values(static_cast<std::size_t>(stream.tellg()) / sizeof(float));
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  return values;
}

std::byte* memory_of(const BoundTensor& bound) {
  return stand_in_driver_in_use()->device_memory(bound.address, bound.bytes());
}

}  // namespace

void refuse_call(const std::string& what) { throw Failure(IEXP_ERROR_MODEL_RUNTIME, "TensorRT: " + what); }

StandInNetwork::StandInNetwork(StandInPlan read) : plan(std::move(read)) {
  for (const auto& [output, file] : plan.patterns) patterns.emplace(output, read_pattern(file));
}

const IoTensor& StandInNetwork::tensor(const std::string& name) const {
  const auto found = std::ranges::find(plan.io, name, &IoTensor::name);
  if (found == plan.io.end()) refuse_call("there is no tensor \"" + name + "\".");
  return *found;
}

const IoTensor& StandInNetwork::first_input() const { return *std::ranges::find(plan.io, true, &IoTensor::is_input); }

std::size_t BoundTensor::count() const {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1},
                         [](std::size_t count, std::int64_t dim) { return count * static_cast<std::size_t>(dim); });
}

std::size_t BoundTensor::bytes() const { return count() * element_bytes(tensor->type); }

int StandInRun::operator()() const {
  if (const int result = switches().enter_run(); result != 0) return result;
  if (context_.expired()) {
    switches().violate("a context was destroyed before the work that it queued was done");
    return kLaunchFailed;
  }
  if (std::ranges::any_of(tensors_, [](const BoundTensor& bound) { return memory_of(bound) == nullptr; })) {
    return kIllegalAddress;
  }
  for (const BoundTensor& bound : tensors_) {
    if (bound.tensor->is_input) continue;
    network_->plan.operation == "mean" ? write_means(bound) : write_scaled(bound);
  }
  return 0;
}

const BoundTensor& StandInRun::source() const {
  return *std::ranges::find_if(tensors_, [](const BoundTensor& bound) { return bound.tensor->is_input; });
}

void StandInRun::write_scaled(const BoundTensor& output) const {
  const BoundTensor& input = source();
  const std::byte* from = memory_of(input);
  std::byte* to = memory_of(output);
  const std::size_t in_count = input.count();
  const std::size_t in_size = element_bytes(input.tensor->type);
  const std::size_t out_size = element_bytes(output.tensor->type);
  const std::size_t out_count = output.count();
  for (std::size_t i = 0; i < out_count; ++i) {
    const float value = load_value(input.tensor->type, from + (i % in_count) * in_size);
    store_value(output.tensor->type, to + i * out_size, value * network_->plan.factor + network_->plan.bias);
  }
}

void StandInRun::write_means(const BoundTensor& output) const {
  const auto rows = static_cast<std::size_t>(output.shape.empty() ? 1 : output.shape.front());
  const std::size_t row_count = output.count() / rows;
  const std::size_t size = element_bytes(output.tensor->type);
  const auto found = network_->patterns.find(output.tensor->name);
  std::vector<float> pattern = found != network_->patterns.end() ? found->second : std::vector<float>();
  pattern.resize(row_count);
  std::byte* to = memory_of(output);
  for (const float mean : means(rows)) {
    const float added = mean * network_->plan.factor + network_->plan.bias;
    for (std::size_t i = 0; i < row_count; ++i, to += size) store_value(output.tensor->type, to, pattern[i] + added);
  }
}

std::vector<float> StandInRun::means(std::size_t rows) const {
  const BoundTensor& input = source();
  const std::size_t count = input.count() / rows;
  const std::size_t size = element_bytes(input.tensor->type);
  const std::byte* from = memory_of(input);
  std::vector<float> means(rows);
  for (float& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i, from += size) sum += load_value(input.tensor->type, from);
    mean = static_cast<float>(sum / static_cast<double>(count));
  }
  return means;
}

}  // namespace inference_exp::test
