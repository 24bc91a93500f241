// One run of a stand-in engine, as it waits on a stream.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backends/tensorrt/stand_in_plan.hpp"
#include "tensorrt/tensorrt.hpp"

namespace inference_exp::test {

/// Throws IEXP_ERROR_MODEL_RUNTIME.
[[noreturn]] void refuse_call(const std::string& what);

/// A plan with its patterns read, and how many of its engines' contexts are alive.
struct StandInNetwork {
  explicit StandInNetwork(StandInPlan read);

  [[nodiscard]] const tensorrt::IoTensor& tensor(const std::string& name) const;
  [[nodiscard]] const tensorrt::IoTensor& first_input() const;

  StandInPlan plan;
  std::map<std::string, std::vector<float>> patterns;
  std::atomic<int> contexts{0};
};

/// A tensor as one run finds it.
struct BoundTensor {
  const tensorrt::IoTensor* tensor = nullptr;
  tensorrt::Dimensions shape{};
  std::uintptr_t address = 0;
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::size_t bytes() const;
};

/// May be called several times, when a graph is replayed.
class StandInRun {
 public:
  /// `context` expires when the context that queues this is destroyed.
  StandInRun(std::shared_ptr<const StandInNetwork> network, std::weak_ptr<const int> context,
             std::vector<BoundTensor> tensors)
      : network_(std::move(network)), context_(std::move(context)), tensors_(std::move(tensors)) {}

  /// A CUresult.
  int operator()() const;

 private:
  void write_scaled(const BoundTensor& output) const;
  void write_means(const BoundTensor& output) const;
  [[nodiscard]] std::vector<float> means(std::size_t rows) const;
  [[nodiscard]] const BoundTensor& source() const;

  std::shared_ptr<const StandInNetwork> network_;
  std::weak_ptr<const int> context_;
  std::vector<BoundTensor> tensors_;
};

}  // namespace inference_exp::test
