// A network that knows its answers by heart.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/session.hpp"

namespace inference_exp::testing {

/// One output: what the network declares, and what it says for each image (shape without the batch axis).
struct FakeOutput {
  Shape declared;
  Shape actual;
  std::vector<std::vector<float>> answers;
  std::string name{};  ///< empty: "output" and its index
};

/// Recognises images by their brightness: a picture filled with the grey value i gets answer i (modulo their number).
class FakeSession final : public runtime::Session {
 public:
  FakeSession(Shape input, std::vector<FakeOutput> outputs) : outputs_(std::move(outputs)) {
    input_specs_.push_back({"images", DType::f32, input});
    for (const FakeOutput& output : outputs_) {
      std::string name = output.name.empty() ? "output" + std::to_string(output_specs_.size()) : output.name;
      output_specs_.push_back({std::move(name), DType::f32, output.declared});
    }
  }

  void add_input(Shape shape) { input_specs_.push_back({"more", DType::f32, shape}); }
  void set_metadata(std::map<std::string, std::string, std::less<>> metadata) { metadata_ = std::move(metadata); }
  [[nodiscard]] std::span<const runtime::TensorSpec> inputs() const noexcept override { return input_specs_; }
  [[nodiscard]] std::span<const runtime::TensorSpec> outputs() const noexcept override { return output_specs_; }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const noexcept override {
    return metadata_;
  }
  [[nodiscard]] std::string_view backend() const noexcept override { return "fake"; }
  [[nodiscard]] std::unique_ptr<runtime::InferenceRequest> create_request() const override {
    return std::make_unique<Request>(*this);
  }

 private:
  class Request final : public runtime::InferenceRequest {
   public:
    explicit Request(const FakeSession& session)
        : session_(session), destinations_(session.outputs_.size()), own_(session.outputs_.size()) {}
    void set_input(std::size_t, const TensorView& tensor) override { input_ = tensor; }
    void set_output(std::size_t index, const TensorView& tensor) override { destinations_[index] = tensor; }
    void run() override {
      for (std::size_t i = 0; i < session_.outputs_.size(); ++i) answer(i);
    }
    [[nodiscard]] TensorView output(std::size_t index) const override { return results_[index]; }

   private:
    void answer(std::size_t index) {
      const FakeOutput& output = session_.outputs_[index];
      const auto batch = static_cast<std::size_t>(input_.shape[0]);
      const std::size_t per_image = output.actual.element_count();
      TensorView& destination = destinations_[index];
      own_[index].resize(batch * per_image);
      float* data = own_[index].data();
      if (destination.data != nullptr) data = static_cast<float*>(destination.data);
      for (std::size_t image = 0; image < batch; ++image) {
        const std::vector<float>& values = output.answers[brightness(image) % output.answers.size()];
        std::copy(values.begin(), values.end(), data + image * per_image);
      }
      Shape shape{0, 0, 0, 0};
      std::array<std::int64_t, Shape::kMaxRank> dims{static_cast<std::int64_t>(batch)};
      std::copy(output.actual.dims().begin(), output.actual.dims().end(), dims.begin() + 1);
      shape = Shape(std::span<const std::int64_t>(dims).first(output.actual.rank() + 1));
      results_.resize(session_.outputs_.size());
      results_[index] = {data, DType::f32, shape};
    }
    /// The grey value in the middle of an input image, where no padding is.
    [[nodiscard]] std::size_t brightness(std::size_t image) const {
      const auto height = static_cast<std::size_t>(input_.shape[2]);
      const auto width = static_cast<std::size_t>(input_.shape[3]);
      const float* const pixels = static_cast<const float*>(input_.data) + image * 3 * height * width;
      return static_cast<std::size_t>(pixels[height / 2 * width + width / 2] * 255 + 0.5F);
    }

    const FakeSession& session_;
    TensorView input_;
    std::vector<TensorView> destinations_;
    std::vector<std::vector<float>> own_;
    std::vector<TensorView> results_;
  };

  std::vector<FakeOutput> outputs_;
  std::vector<runtime::TensorSpec> input_specs_;
  std::vector<runtime::TensorSpec> output_specs_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

}  // namespace inference_exp::testing
