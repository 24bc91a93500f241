#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <vector>

#include "commands.hpp"
#include "download_bar.hpp"
#include "images.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/opencv.hpp"
#include "inference_exp/serialization.hpp"
#include "inputs.hpp"
#include "npy.hpp"
#include "output.hpp"
#include "text_table.hpp"

namespace inference_exp::cli {
namespace {

using nlohmann::ordered_json;

/// Vectors and what they stand for.
struct Embedded {
  std::vector<std::string> names;
  Embeddings vectors;
};

/// The images that can be read, a model's batch at a time, so that a folder of any size fits into memory.
class ImageEmbedder {
 public:
  explicit ImageEmbedder(const EmbeddingModel& model) : model_(model) {}

  void add(const Source& source) {
    try {
      if (source.kind != SourceKind::image) throw ModelInputError("It is no image.", "Give image files or folders.");
      pictures_.push_back(read_image(source.path));
      names_.push_back(source.name);
    } catch (const ModelInputError& error) {
      report_input_failure(source.name, error.what());
      ++failures_;
    }
    if (pictures_.size() == static_cast<std::size_t>(model_.max_batch_size())) flush();
  }

  [[nodiscard]] Embedded finish() {
    flush();
    const std::size_t count = names_.size();
    return {std::move(names_), Embeddings(count, model_.dimension(), std::move(values_))};
  }
  [[nodiscard]] std::size_t failures() const noexcept { return failures_; }

 private:
  void flush() {
    if (pictures_.empty()) return;
    std::vector<ImageView> views;
    for (const cv::Mat& picture : pictures_) views.push_back(view(picture));
    const Embeddings vectors = model_.embed_images(views);
    values_.insert(values_.end(), vectors.values().begin(), vectors.values().end());
    pictures_.clear();
  }

  const EmbeddingModel& model_;
  std::vector<cv::Mat> pictures_;
  std::vector<std::string> names_;
  std::vector<float> values_;
  std::size_t failures_ = 0;
};

std::string three_decimals(float value) {
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, 3);
  return {buffer.data(), result.ptr};
}

void print_table(const Embedded& rows, const Embedded& columns, std::span<const float> similarities) {
  std::vector<TextTable::Column> titles{{"cosine similarity"}};
  for (const std::string& name : columns.names) titles.push_back({name, TextTable::Align::right});
  TextTable table(std::move(titles));
  for (std::size_t i = 0; i < rows.names.size(); ++i) {
    std::vector<std::string> cells{rows.names[i]};
    for (std::size_t j = 0; j < columns.names.size(); ++j) {
      cells.push_back(three_decimals(similarities[i * columns.names.size() + j]));
    }
    table.add(std::move(cells));
  }
  table.print(std::cout);
}

ordered_json as_json(const Embedded& embedded, const char* what) {
  const ordered_json vectors = ordered_json::parse(to_json(embedded.vectors));
  ordered_json all = ordered_json::array();
  for (std::size_t i = 0; i < embedded.names.size(); ++i) {
    all.push_back({{what, embedded.names[i]}, {"embedding", vectors[i]}});
  }
  return all;
}

void write_json(const std::string& destination, const EmbeddingModel& model, const Embedded& images,
                const Embedded& texts, const Embeddings& similarities) {
  const ordered_json all{{"model", model.architecture()},
                         {"dimension", model.dimension()},
                         {"images", as_json(images, "file")},
                         {"texts", as_json(texts, "text")},
                         {"similarities", ordered_json::parse(to_json(similarities))}};
  TextSink sink(destination);
  sink.stream() << all.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
  sink.finish();
}

void write_arrays(const std::filesystem::path& folder, const Embedded& images, const Embedded& texts,
                  const Embeddings& similarities) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto write = [&](const char* name, const Embeddings& array) {
    if (array.count() == 0) return;
    write_npy(folder / name, array.values(), array.count(), array.dimension());
  };
  write("images.npy", images.vectors);
  write("texts.npy", texts.vectors);
  write("similarities.npy", similarities);
}

}  // namespace

ExitCode run(const EmbedArguments& arguments) {
  const auto model =
      AutoModel::from_pretrained<EmbeddingModel>(arguments.model, DownloadBar().attached_to(arguments.load));
  const Inputs inputs = expand_inputs(arguments.images);
  for (const InputFailure& failure : inputs.failures) report_input_failure(failure.input, failure.reason);
  ImageEmbedder embedder(*model);
  for (const Source& source : inputs.sources) embedder.add(source);
  const Embedded images = embedder.finish();
  Embedded texts{arguments.texts, {}};
  if (!texts.names.empty()) texts.vectors = model->embed_text(texts.names);
  if (images.names.empty() && texts.names.empty()) return ExitCode::some_inputs_failed;

  // Images against texts; what there is against itself where there is only one of them.
  const Embedded& rows = images.names.empty() ? texts : images;
  const Embedded& columns = texts.names.empty() ? images : texts;
  const Embeddings similarities(rows.names.size(), columns.names.size(),
                                compare_embeddings(rows.vectors, columns.vectors));
  if (!arguments.json.empty()) write_json(arguments.json, *model, images, texts, similarities);
  if (!arguments.npy.empty()) write_arrays(arguments.npy, images, texts, similarities);
  if (arguments.json != "-") print_table(rows, columns, similarities.values());
  return inputs.failures.empty() && embedder.failures() == 0 ? ExitCode::ok : ExitCode::some_inputs_failed;
}

}  // namespace inference_exp::cli
