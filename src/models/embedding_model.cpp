#include "models/embedding_model.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/object_pool.hpp"
#include "inference_exp/errors.hpp"
#include "models/embedding_cache.hpp"
#include "models/package_checks.hpp"
#include "models/stages.hpp"
#include "models/text_tower.hpp"
#include "runtime/batch_runner.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp::models {
namespace {

/// Images or texts in one run of a network (models.md, section 4.3).
constexpr std::int32_t kMaxBatch = 32;

[[noreturn]] void refuse(const EmbeddingFamily& family, const std::string& what) {
  throw CorruptedModelPackageError("The " + std::string(family.name) + " package's " + what + ".",
                                   std::string(kWrongNetwork));
}

/// A number that the network tells of itself; nothing when it does not.
std::optional<std::int64_t> told(const runtime::Session& session, std::string_view key) {
  const auto found = session.metadata().find(key);
  if (found == session.metadata().end()) return std::nullopt;
  std::int64_t number = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The square that the image network takes.
Size image_size(const runtime::Session& session, const EmbeddingFamily& family) {
  const Shape& input = session.inputs().front().shape;
  std::int64_t side = input.rank() == 4 ? std::max(input[2], input[3]) : -1;
  if (side < 0) side = told(session, "resolution").value_or(-1);
  if (side < 1 || side > kMaxImageSide || !fits(input[2], side) || !fits(input[3], side)) {
    refuse(family, "image network takes the shape " + input.to_string() + ", which is no square of a known size");
  }
  return {static_cast<std::int32_t>(side), static_cast<std::int32_t>(side)};
}

class DualEncoder final : public EmbeddingModel {
 public:
  DualEncoder(ModelInit init, const EmbeddingFamily& family);

  [[nodiscard]] Embeddings embed_images(std::span<const ImageView> images,
                                        const InferenceOptions& options) const override;
  [[nodiscard]] Embeddings embed_text(std::span<const std::string> texts) const override;
  [[nodiscard]] PreparedImages pre_process(std::span<const ImageView> images,
                                           const InferenceOptions& options) const override;
  [[nodiscard]] NetworkOutputs forward(const FloatTensor& pixels) const override {
    return run_network(*runner_, pixels);
  }
  [[nodiscard]] std::size_t dimension() const noexcept override { return dimension_; }

  [[nodiscard]] std::span<const std::string> class_names() const noexcept override { return {}; }
  [[nodiscard]] std::string_view architecture() const noexcept override { return init_.architecture; }
  [[nodiscard]] std::string_view backend() const noexcept override { return init_.session->backend(); }
  [[nodiscard]] Size input_size() const noexcept override { return pixels_.target; }
  [[nodiscard]] std::int32_t max_batch_size() const noexcept override { return runner_->limits().max; }

 private:
  [[nodiscard]] std::size_t find_dimension(const EmbeddingFamily& family) const;
  [[nodiscard]] std::span<const float> checked(std::span<const float> vector) const;

  ModelInit init_;
  Preprocessing pixels_;
  TextRules text_rules_;
  std::unique_ptr<runtime::BatchRunner> runner_;
  std::unique_ptr<TextTower> texts_;
  std::size_t dimension_ = 0;
  std::unique_ptr<ObjectPool<vision::PreprocessWorkspace>> workspaces_;
  std::unique_ptr<EmbeddingCache> cache_;
};

DualEncoder::DualEncoder(ModelInit init, const EmbeddingFamily& family)
    : init_(std::move(init)), pixels_(family.pixels), text_rules_(family.texts) {
  const std::int32_t max_batch = init_.config.forward_pass.max_dynamic_batch_size.value_or(kMaxBatch);
  runner_ =
      std::make_unique<runtime::BatchRunner>(init_.session, runtime::batch_limits(*init_.session, {.max = max_batch}));
  texts_ = std::make_unique<TextTower>(init_.text_session, max_batch);
  pixels_.target = image_size(*init_.session, family);
  dimension_ = find_dimension(family);
  workspaces_ = std::make_unique<ObjectPool<vision::PreprocessWorkspace>>(
      [] { return std::make_unique<vision::PreprocessWorkspace>(); });
  cache_ = std::make_unique<EmbeddingCache>(init_.text_embedding_cache);
}

/// What both networks declare must agree; where neither does, a black image shows it.
std::size_t DualEncoder::find_dimension(const EmbeddingFamily& family) const {
  const std::span<const runtime::TensorSpec> outputs = init_.session->outputs();
  if (outputs.size() != 1 || outputs.front().shape.rank() != 2) {
    refuse(family, "image network does not give one vector per image");
  }
  const std::int64_t of_images = outputs.front().shape[1];
  const std::int64_t of_texts = texts_->dimension();
  if (of_images >= 0 && !fits(of_texts, of_images)) {
    refuse(family, "networks give vectors of " + std::to_string(of_images) + " and " + std::to_string(of_texts) +
                       " numbers, which can't be compared");
  }
  const std::int64_t declared = std::max(of_images, of_texts);
  if (declared > 0) return static_cast<std::size_t>(declared);
  std::size_t seen = 0;
  runner_->run(
      1, pixels_.target, [](std::size_t, std::span<float> slot) { std::ranges::fill(slot, 0.F); },
      [&](std::size_t, std::span<const TensorView> vectors) { seen = vectors.front().floats().size(); });
  return seen;
}

std::span<const float> DualEncoder::checked(std::span<const float> vector) const {
  if (vector.size() == dimension_) return vector;
  throw ModelRuntimeError("The network gave a vector of " + std::to_string(vector.size()) + " numbers instead of " +
                              std::to_string(dimension_) + ".",
                          std::string(kWrongNetwork));
}

Embeddings DualEncoder::embed_images(std::span<const ImageView> images, const InferenceOptions& options) const {
  if (images.empty()) throw ModelInputError("There is no image to look at.", "Give at least one image.");
  const ObjectPool<vision::PreprocessWorkspace>::Lease workspace = workspaces_->take();
  std::vector<float> values(images.size() * dimension_);
  const auto fill = [&](std::size_t image, std::span<float> slot) {
    (void)vision::preprocess(images[image], pixels_, slot, *workspace);
  };
  const auto read = [&](std::size_t image, std::span<const TensorView> outputs) {
    std::ranges::copy(checked(outputs.front().floats()),
                      values.begin() + static_cast<std::ptrdiff_t>(image * dimension_));
  };
  runtime::BatchTimings timings;
  runner_->run(images.size(), pixels_.target, fill, read,
               {.timings = &timings, .cuda_graphs = !options.disable_cuda_graphs});
  if (options.timings != nullptr) *options.timings = {timings.fill, timings.run, timings.consume};
  return {images.size(), dimension_, std::move(values)};
}

PreparedImages DualEncoder::pre_process(std::span<const ImageView> images, const InferenceOptions& /*options*/) const {
  const ObjectPool<vision::PreprocessWorkspace>::Lease workspace = workspaces_->take();
  return prepare_images(images.size(), pixels_.target, [&](std::size_t image, std::span<float> slot) {
    return vision::preprocess(images[image], pixels_, slot, *workspace);
  });
}

Embeddings DualEncoder::embed_text(std::span<const std::string> texts) const {
  if (texts.empty()) throw ModelInputError("There is no text to read.", "Give at least one text.");
  std::vector<float> values(texts.size() * dimension_);
  const auto keep = [&](std::size_t index, std::span<const float> vector) {
    std::ranges::copy(vector, values.begin() + static_cast<std::ptrdiff_t>(index * dimension_));
  };
  std::vector<std::size_t> missing;
  std::vector<std::int32_t> tokens;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (const std::optional<std::vector<float>> known = cache_->find(texts[i])) {
      keep(i, *known);
      continue;
    }
    missing.push_back(i);
    const std::vector<std::int32_t> ids = encode_text(texts[i], texts_->context(), text_rules_, init_.vocabulary);
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  }
  texts_->run(tokens, [&](std::size_t index, std::span<const float> vector) {
    keep(missing[index], checked(vector));
    cache_->store(texts[missing[index]], vector);
  });
  return {texts.size(), dimension_, std::move(values)};
}

}  // namespace

std::unique_ptr<Model> make_embedding_model(ModelInit init, const EmbeddingFamily& family) {
  return std::make_unique<DualEncoder>(std::move(init), family);
}

}  // namespace inference_exp::models
