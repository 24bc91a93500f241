// A network whose answers depend on every bit of its input, in host memory or on the stand-in's device.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cuda/resources.hpp"
#include "runtime/session.hpp"
#include "support/cuda/stand_in_driver.hpp"
#include "support/golden.hpp"

namespace inference_exp::testing {

/// Writes one image's answer to one output.
using Answer = std::function<void(std::size_t output, std::uint32_t seed, std::span<float> values)>;

/// The seed is a sum over the image's pixels; one wrong bit anywhere gives another, and other answers.
class SeededSession final : public runtime::Session {
 public:
  SeededSession(Shape input, std::vector<runtime::TensorSpec> outputs, Answer answer, std::optional<int> device)
      : inputs_{{"images", DType::f32, input}},
        outputs_(std::move(outputs)),
        answer_(std::move(answer)),
        device_(device) {}

  [[nodiscard]] std::span<const runtime::TensorSpec> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const runtime::TensorSpec> outputs() const noexcept override { return outputs_; }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const noexcept override {
    return metadata_;
  }
  [[nodiscard]] std::string_view backend() const noexcept override { return "seeded"; }
  [[nodiscard]] std::unique_ptr<runtime::InferenceRequest> create_request() const override {
    if (device_) return std::make_unique<OnDevice>(*this);
    return std::make_unique<OnHost>(*this);
  }
  [[nodiscard]] std::optional<int> cuda_device() const noexcept override { return device_; }

 private:
  [[nodiscard]] Shape shape_of(std::size_t output, std::int64_t batch) const {
    Shape shape = outputs_[output].shape;
    shape[0] = batch;
    return shape;
  }

  void answer_image(std::span<const float> pixels, std::size_t output, std::span<float> values) const {
    std::uint32_t seed = 2166136261U;
    for (const float pixel : pixels) seed = (seed ^ std::bit_cast<std::uint32_t>(pixel)) * 16777619U;
    answer_(output, seed, values);
  }

  /// All outputs of a batch.
  void answer_batch(std::span<const float> pixels, std::size_t batch, std::span<const std::span<float>> outputs) const {
    const std::size_t slot = pixels.size() / batch;
    for (std::size_t i = 0; i < batch; ++i) {
      for (std::size_t output = 0; output < outputs.size(); ++output) {
        const std::size_t values = outputs[output].size() / batch;
        answer_image(pixels.subspan(i * slot, slot), output, outputs[output].subspan(i * values, values));
      }
    }
  }

  class OnHost final : public runtime::InferenceRequest {
   public:
    explicit OnHost(const SeededSession& session) : session_(session), values_(session.outputs_.size()) {}
    void set_input(std::size_t, const TensorView& tensor) override { input_ = tensor; }
    void set_output(std::size_t, const TensorView&) override {}
    void run() override {
      std::vector<std::span<float>> outputs;
      for (std::size_t i = 0; i < values_.size(); ++i) {
        values_[i].resize(session_.shape_of(i, input_.shape[0]).element_count());
        outputs.emplace_back(values_[i]);
      }
      session_.answer_batch(input_.floats(), static_cast<std::size_t>(input_.shape[0]), outputs);
    }
    [[nodiscard]] TensorView output(std::size_t index) const override {
      return {.data = const_cast<float*>(values_[index].data()),
              .dtype = DType::f32,
              .shape = session_.shape_of(index, input_.shape[0])};
    }

   private:
    const SeededSession& session_;
    TensorView input_;
    std::vector<std::vector<float>> values_;
  };

  class OnDevice final : public runtime::InferenceRequest, public runtime::DeviceRequest {
   public:
    explicit OnDevice(const SeededSession& session)
        : session_(session), context_(cuda::Context::of_device(*session.device_)), stream_(context_) {
      for (std::size_t i = 0; i < session.outputs_.size(); ++i) memory_.emplace_back(context_);
    }
    void set_input(std::size_t, const TensorView&) override {}
    void set_output(std::size_t, const TensorView&) override {}
    void run() override {}
    [[nodiscard]] TensorView output(std::size_t) const override { return {}; }
    [[nodiscard]] runtime::DeviceRequest* on_device() noexcept override { return this; }
    [[nodiscard]] void* stream() const override { return stream_.handle(); }
    void set_device_input(std::size_t, const runtime::DeviceTensorView& tensor) override { input_ = tensor; }
    void enqueue() override {
      for (std::size_t i = 0; i < memory_.size(); ++i) {
        memory_[i].reserve(session_.shape_of(i, input_.shape[0]).element_count() * sizeof(float));
      }
      cuda::check(test::use_stand_in_driver().enqueue(stream_.handle(), [this] { return compute(); }), "enqueue");
    }
    [[nodiscard]] runtime::DeviceTensorView device_output(std::size_t index) const override {
      return {.data = memory_[index].data(), .dtype = DType::f32, .shape = session_.shape_of(index, input_.shape[0])};
    }

   private:
    static std::span<float> reach(void* address, std::size_t count) {
      std::byte* memory =
          test::use_stand_in_driver().device_memory(reinterpret_cast<std::uintptr_t>(address), count * sizeof(float));
      return {reinterpret_cast<float*>(memory), memory != nullptr ? count : 0};
    }

    int compute() {
      const std::span<float> pixels = reach(input_.data, input_.shape.element_count());
      std::vector<std::span<float>> outputs;
      for (std::size_t i = 0; i < memory_.size(); ++i) {
        outputs.push_back(reach(memory_[i].data(), session_.shape_of(i, input_.shape[0]).element_count()));
        if (outputs.back().empty()) return cuda::kInvalidValue;
      }
      if (pixels.empty()) return cuda::kInvalidValue;
      session_.answer_batch(pixels, static_cast<std::size_t>(input_.shape[0]), outputs);
      return cuda::kSuccess;
    }

    const SeededSession& session_;
    const cuda::Context& context_;
    cuda::Stream stream_;
    std::vector<cuda::DeviceBuffer> memory_;
    runtime::DeviceTensorView input_;
  };

  std::vector<runtime::TensorSpec> inputs_;
  std::vector<runtime::TensorSpec> outputs_;
  std::map<std::string, std::string, std::less<>> metadata_;
  Answer answer_;
  std::optional<int> device_;
};

}  // namespace inference_exp::testing
