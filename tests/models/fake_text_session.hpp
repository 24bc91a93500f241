// A text network whose vectors are the token ids themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "runtime/session.hpp"

namespace inference_exp::testing {

/// Vector i of a run is the first `dimension` ids of text i, as floats.
class FakeTextSession final : public runtime::Session {
 public:
  explicit FakeTextSession(std::int64_t dimension, Shape tokens = {-1, 77}, DType dtype = DType::i32)
      : inputs_{{"tokens", dtype, tokens}}, outputs_{{"embeddings", DType::f32, {tokens[0], dimension}}} {}

  void declare_output(Shape shape) { outputs_.front().shape = shape; }
  void answer_with(std::int64_t dimension) { answered_ = dimension; }
  /// How many texts each run had.
  [[nodiscard]] std::vector<std::int64_t> batches() const {
    const std::scoped_lock lock(mutex_);
    return batches_;
  }

  [[nodiscard]] std::span<const runtime::TensorSpec> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const runtime::TensorSpec> outputs() const noexcept override { return outputs_; }
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
    explicit Request(const FakeTextSession& session) : session_(session) {}
    void set_input(std::size_t, const TensorView& tensor) override { tokens_ = tensor; }
    void set_output(std::size_t, const TensorView&) override {}
    void run() override {
      const auto batch = static_cast<std::size_t>(tokens_.shape[0]);
      const auto context = static_cast<std::size_t>(tokens_.shape[1]);
      const std::int64_t declared = session_.outputs_.front().shape[1];
      const auto width = static_cast<std::size_t>(session_.answered_ > 0 ? session_.answered_ : declared);
      session_.note_batch(tokens_.shape[0]);
      values_.assign(batch * width, 0);
      for (std::size_t i = 0; i < batch; ++i) {
        for (std::size_t k = 0; k < width && k < context; ++k) values_[i * width + k] = id(i * context + k);
      }
      shape_ = {tokens_.shape[0], static_cast<std::int64_t>(width)};
    }
    [[nodiscard]] TensorView output(std::size_t) const override {
      return {const_cast<float*>(values_.data()), DType::f32, shape_};
    }

   private:
    [[nodiscard]] float id(std::size_t index) const {
      return tokens_.dtype == DType::i64 ? static_cast<float>(static_cast<const std::int64_t*>(tokens_.data)[index])
                                         : static_cast<float>(static_cast<const std::int32_t*>(tokens_.data)[index]);
    }
    const FakeTextSession& session_;
    TensorView tokens_;
    std::vector<float> values_;
    Shape shape_;
  };

  void note_batch(std::int64_t size) const {
    const std::scoped_lock lock(mutex_);
    batches_.push_back(size);
  }

  std::vector<runtime::TensorSpec> inputs_;
  std::vector<runtime::TensorSpec> outputs_;
  std::int64_t answered_ = 0;
  std::map<std::string, std::string, std::less<>> metadata_;
  mutable std::mutex mutex_;
  mutable std::vector<std::int64_t> batches_;
};

}  // namespace inference_exp::testing
