#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "c_api/arguments.hpp"
#include "c_api/error.hpp"
#include "c_api/handles.hpp"
#include "c_api/options.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/serialization.hpp"

namespace inference_exp::c_api {
namespace {

inference_exp_embeddings* new_handle(Embeddings vectors) {
  return std::make_unique<inference_exp_embeddings>(inference_exp_embeddings{std::move(vectors)}).release();
}

Embeddings copied(std::size_t count, std::size_t dimension, const float* values) {
  std::vector<float> numbers;
  if (dimension != 0 && count > numbers.max_size() / dimension) throw std::bad_alloc();
  const auto given = list(values, count * dimension, "values");
  numbers.assign(given.begin(), given.end());
  return {count, dimension, std::move(numbers)};
}

}  // namespace
}  // namespace inference_exp::c_api

using namespace inference_exp;  // the C functions stand outside of every namespace

inference_exp_status inference_exp_embed_images(const inference_exp_model* model, const inference_exp_image* images,
                                                size_t image_count, const inference_exp_inference_options* options,
                                                inference_exp_embeddings** embeddings, inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    auto& result = c_api::output(embeddings, "embeddings");
    const EmbeddingModel& embedder = c_api::embedding_model(model);
    const c_api::CallOptions call(options);
    result = c_api::new_handle(embedder.embed_images(c_api::image_views(images, image_count), call.values()));
    call.report_timings();
  });
}

inference_exp_status inference_exp_embed_texts(const inference_exp_model* model, const char* const* texts,
                                               size_t text_count, inference_exp_embeddings** embeddings,
                                               inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    auto& result = c_api::output(embeddings, "embeddings");
    const EmbeddingModel& embedder = c_api::embedding_model(model);
    result = c_api::new_handle(embedder.embed_text(c_api::texts(texts, text_count, "texts")));
  });
}

inference_exp_status inference_exp_embeddings_create(size_t count, size_t dimension, const float* values,
                                                     inference_exp_embeddings** embeddings,
                                                     inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    auto& result = c_api::output(embeddings, "embeddings");
    result = c_api::new_handle(c_api::copied(count, dimension, values));
  });
}

void inference_exp_embeddings_free(inference_exp_embeddings* embeddings) {
  const std::unique_ptr<inference_exp_embeddings> owned(embeddings);
}

size_t inference_exp_embeddings_count(const inference_exp_embeddings* embeddings) {
  return embeddings != nullptr ? embeddings->vectors.count() : 0;
}

size_t inference_exp_embeddings_dimension(const inference_exp_embeddings* embeddings) {
  return embeddings != nullptr ? embeddings->vectors.dimension() : 0;
}

const float* inference_exp_embeddings_values(const inference_exp_embeddings* embeddings) {
  return embeddings != nullptr ? embeddings->vectors.values().data() : nullptr;
}

inference_exp_status inference_exp_embeddings_to_json(const inference_exp_embeddings* embeddings, char** json,
                                                      inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    auto& result = c_api::output(json, "json");
    result = c_api::new_text(to_json(c_api::required(embeddings, "embeddings").vectors));
  });
}

inference_exp_status inference_exp_compare_embeddings(const inference_exp_embeddings* left,
                                                      const inference_exp_embeddings* right, float* similarities,
                                                      size_t capacity, inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    const std::vector<float> found =
        compare_embeddings(c_api::required(left, "left").vectors, c_api::required(right, "right").vectors);
    if (found.size() > capacity) {
      throw InvalidParameterError(
          "There are " + std::to_string(found.size()) + " similarities, and room for " + std::to_string(capacity) + ".",
          "Give room for as many numbers as left has vectors times those of right.");
    }
    if (!found.empty()) std::copy(found.begin(), found.end(), &c_api::required(similarities, "similarities"));
  });
}
