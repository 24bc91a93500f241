#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "frames.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/opencv.hpp"
#include "inputs.hpp"
#include "output.hpp"
#include "predictor.hpp"
#include "save.hpp"

namespace inference_exp::cli {
namespace {

/// One run over all inputs: reads, predicts and hands results to whoever wants them.
class InferRun {
 public:
  InferRun(const InferArguments& arguments, const std::vector<Source>& sources)
      : arguments_(arguments),
        sources_(sources),
        reader_(sources, arguments.max_frames, 2 * arguments.model.batch_size),
        predictor_(arguments.model) {
    const bool json_on_stdout = arguments.json == "-";
    const bool with_table = !json_on_stdout && !arguments.quiet;
    if (!arguments.json.empty()) json_.emplace(arguments.json);
    if (!arguments.save.empty()) files_.emplace(arguments.save, sources);
    if (with_table) table_.emplace(sources, predictor_.model().class_names());
    const bool only_images = std::ranges::all_of(sources, [](const Source& s) { return s.kind == SourceKind::image; });
    const bool output_in_the_way = stdout_is_terminal() && (with_table || json_on_stdout);
    progress_.emplace(only_images ? std::ssize(sources) : 0, stderr_is_terminal() && !output_in_the_way);
  }

  /// How many inputs failed.
  std::size_t run() {
    for (std::vector<Frame> batch = next_batch(); !batch.empty(); batch = next_batch()) predict(batch);
    if (files_) files_->finish();
    if (json_) json_->finish();
    return failures_;
  }

 private:
  std::vector<Frame> next_batch() {
    std::vector<Frame> batch;
    while (batch.size() < arguments_.model.batch_size && !interrupted()) {
      std::optional<Frame> frame = reader_.next();
      if (!frame) break;
      if (frame->pixels.empty()) {
        fail(*frame, frame->failure);
      } else {
        batch.push_back(*std::move(frame));
      }
    }
    return batch;
  }

  /// A picture that the model refuses doesn't take the rest of its batch with it.
  void predict(std::span<Frame> batch) {
    std::vector<Prediction> predictions;
    try {
      std::vector<ImageView> views;
      views.reserve(batch.size());
      for (const Frame& frame : batch) views.push_back(view(frame.pixels));
      predictions = predictor_.infer(views, arguments_.model.inference);
    } catch (const ModelInputError& error) {
      if (batch.size() == 1) {
        fail(batch.front(), error.what());
      } else {
        for (Frame& frame : batch) predict({&frame, 1});
      }
      return;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) deliver(batch[i], predictions[i]);
  }

  void deliver(Frame& frame, const Prediction& prediction) {
    const Source& source = sources_[frame.source];
    if (table_) table_->add(source.name, frame, boxes_of(prediction));
    if (json_) json_->add(source.name, frame, predictor_.to_json(prediction));
    if (files_) {
      predictor_.draw(frame.pixels, prediction);
      files_->save(source, frame, frame.pixels);
    }
    progress_->advance();
  }

  void fail(const Frame& frame, const std::string& reason) {
    report_input_failure(sources_[frame.source].name, reason);
    ++failures_;
    progress_->advance();
  }

  const InferArguments& arguments_;
  const std::vector<Source>& sources_;
  FrameReader reader_;  // before the model: the first pictures are decoded while it loads
  Predictor predictor_;
  std::optional<JsonResults> json_;
  std::optional<AnnotatedFiles> files_;
  std::optional<Table> table_;
  std::optional<Progress> progress_;
  std::size_t failures_ = 0;
};

}  // namespace

ExitCode run(const InferArguments& arguments) {
  const Inputs inputs = expand_inputs(arguments.inputs);
  for (const InputFailure& failure : inputs.failures) report_input_failure(failure.input, failure.reason);
  std::size_t failures = inputs.failures.size();
  if (!inputs.sources.empty()) {
    finish_on_interrupt();
    failures += InferRun(arguments, inputs.sources).run();
  }
  if (interrupted()) return ExitCode::interrupted;
  return failures == 0 ? ExitCode::ok : ExitCode::some_inputs_failed;
}

}  // namespace inference_exp::cli
