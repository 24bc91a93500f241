#include "models/text_tower.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "inference_exp/errors.hpp"
#include "runtime/tensor_cast.hpp"

namespace inference_exp::models {
namespace {

constexpr const char* kHint = "Export the text network with token ids [B, context] in and vectors [B, D] out.";
/// CLIP's, for networks that leave it open.
constexpr std::int64_t kUsualContext = 77;
constexpr std::int64_t kMaxContext = 4096;

[[noreturn]] void refuse(const std::string& what) {
  throw CorruptedModelPackageError("The text network " + what + ".", kHint);
}

std::size_t context_of(const runtime::Session& session) {
  const std::span<const runtime::TensorSpec> inputs = session.inputs();
  const std::span<const runtime::TensorSpec> outputs = session.outputs();
  if (inputs.size() != 1 || outputs.size() != 1) {
    refuse("has " + std::to_string(inputs.size()) + " inputs and " + std::to_string(outputs.size()) + " outputs");
  }
  const runtime::TensorSpec& tokens = inputs.front();
  if (tokens.dtype != DType::i32 && tokens.dtype != DType::i64) {
    refuse("takes " + std::string(dtype_name(tokens.dtype)) + " instead of token ids");
  }
  if (tokens.shape.rank() != 2) refuse("takes the shape " + tokens.shape.to_string());
  const std::int64_t context = tokens.shape[1] < 0 ? kUsualContext : tokens.shape[1];
  if (context < 2 || context > kMaxContext) refuse("takes " + std::to_string(context) + " token ids");
  if (outputs.front().shape.rank() != 2) refuse("gives the shape " + outputs.front().shape.to_string());
  return static_cast<std::size_t>(context);
}

/// One call of the network, with the ids in the type that it takes.
class TextRequest {
 public:
  explicit TextRequest(const runtime::Session& session)
      : request_(session.create_request()), dtype_(session.inputs().front().dtype) {}

  /// Vectors [batch, D] as floats.
  [[nodiscard]] TensorView run(std::span<const std::int32_t> tokens, std::size_t batch, std::size_t context) {
    ids_.assign(batch * context, 0);
    std::ranges::copy(tokens, ids_.begin());
    const Shape shape{static_cast<std::int64_t>(batch), static_cast<std::int64_t>(context)};
    if (dtype_ == DType::i64) {
      wide_ids_.assign(ids_.begin(), ids_.end());
      request_->set_input(0, {.data = wide_ids_.data(), .dtype = dtype_, .shape = shape});
    } else {
      request_->set_input(0, {.data = ids_.data(), .dtype = dtype_, .shape = shape});
    }
    request_->run();
    return vectors(request_->output(0), batch);
  }

 private:
  [[nodiscard]] TensorView vectors(const TensorView& output, std::size_t batch) {
    if (output.shape.rank() != 2 || output.shape[0] != static_cast<std::int64_t>(batch)) {
      throw ModelRuntimeError(
          "The text network gave the shape " + output.shape.to_string() + " for " + std::to_string(batch) + " texts.",
          kHint);
    }
    if (output.dtype == DType::f32) return output;
    floats_.resize(output.shape.element_count());
    runtime::cast_to_float(output.data, output.dtype, floats_);
    return {.data = floats_.data(), .dtype = DType::f32, .shape = output.shape};
  }

  std::unique_ptr<runtime::InferenceRequest> request_;
  DType dtype_;
  std::vector<std::int32_t> ids_;
  std::vector<std::int64_t> wide_ids_;
  std::vector<float> floats_;
};

}  // namespace

TextTower::TextTower(std::shared_ptr<const runtime::Session> session, std::int32_t max_batch)
    : session_(std::move(session)),
      limits_(runtime::batch_limits(*session_, {.max = max_batch})),
      context_(context_of(*session_)) {}

std::int64_t TextTower::dimension() const noexcept { return session_->outputs().front().shape[1]; }

void TextTower::run(std::span<const std::int32_t> tokens,
                    FunctionRef<void(std::size_t index, std::span<const float> vector)> consume) const {
  const std::size_t count = tokens.size() / context_;
  TextRequest request(*session_);
  const auto max = static_cast<std::size_t>(limits_.max);
  for (std::size_t begin = 0; begin < count; begin += max) {
    const std::size_t size = std::min(max, count - begin);
    const std::size_t batch = std::max(size, static_cast<std::size_t>(limits_.min));
    const TensorView vectors = request.run(tokens.subspan(begin * context_, size * context_), batch, context_);
    const auto dimension = static_cast<std::size_t>(vectors.shape[1]);
    for (std::size_t i = 0; i < size; ++i) consume(begin + i, vectors.floats().subspan(i * dimension, dimension));
  }
}

}  // namespace inference_exp::models
