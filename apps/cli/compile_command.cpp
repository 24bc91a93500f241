#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "compile_bar.hpp"
#include "download_bar.hpp"
#include "images.hpp"
#include "inference_exp/compile.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/opencv.hpp"
#include "inputs.hpp"
#include "text_table.hpp"

namespace inference_exp::cli {
namespace {

cv::Mat read_named(const std::filesystem::path& file) {
  try {
    return read_image(file);
  } catch (const ModelInputError& error) {
    throw ModelInputError("--images " + file.string() + ": " + error.message(), error.hint());
  }
}

/// Picture files, decoded when they are asked for.
class SampleFiles {
 public:
  explicit SampleFiles(std::span<const std::string> names) {
    const Inputs inputs = expand_inputs(names);
    if (!inputs.failures.empty()) {
      throw InvalidParameterError("--images " + inputs.failures.front().input + ": " + inputs.failures.front().reason,
                                  "Name image files, patterns in quotes, or folders of images.");
    }
    for (const Source& source : inputs.sources) {
      if (source.kind == SourceKind::image) files_.push_back(source.path);
    }
    if (files_.empty() && !names.empty()) {
      throw InvalidParameterError("--images names no images.", "Videos and cameras cannot be samples.");
    }
  }

  [[nodiscard]] SampleImages images() {
    return {.count = files_.size(), .at = [this](std::size_t index) {
              image_ = read_named(files_[index]);
              return view(image_);
            }};
  }

 private:
  std::vector<std::filesystem::path> files_;
  cv::Mat image_;
};

std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

std::string batch_text(const EngineBatch& batch) {
  if (batch.min == batch.max) return std::to_string(batch.max);
  return std::to_string(batch.min) + " to " + std::to_string(batch.max) + ", best " + std::to_string(batch.opt);
}

void print_outputs(const EngineAccuracy& accuracy) {
  using Align = TextTable::Align;
  TextTable table({{"OUTPUT", Align::right},
                   {"MAX DIFFERENCE", Align::right},
                   {"MEAN DIFFERENCE", Align::right},
                   {"LARGEST VALUE", Align::right}});
  for (std::size_t i = 0; i < accuracy.outputs.size(); ++i) {
    const OutputDifference& output = accuracy.outputs[i];
    table.add(
        {std::to_string(i), short_number(output.max_abs), short_number(output.mean_abs), short_number(output.largest)});
  }
  table.print(std::cout);
}

void print_accuracy(const EngineAccuracy& accuracy) {
  std::cout << "\nThe engine beside the ONNX network, on "
            << (accuracy.made_up_image ? "a made-up image (name real ones with --images)"
                                       : std::to_string(accuracy.images) + " images")
            << ":\n";
  print_outputs(accuracy);
  if (!accuracy.detections) return;
  const DetectionDifference& boxes = *accuracy.detections;
  print_facts(std::cout,
              {{"boxes", std::to_string(boxes.onnx_boxes) + " in ONNX, " + std::to_string(boxes.engine_boxes) +
                             " in the engine, " + std::to_string(boxes.matched) + " matched"}});
  if (boxes.matched == 0) return;
  print_facts(std::cout,
              {{"overlap (IoU)", "least " + short_number(boxes.min_iou) + ", mean " + short_number(boxes.mean_iou)},
               {"score difference", "largest " + short_number(boxes.max_score_difference) + ", mean " +
                                        short_number(boxes.mean_score_difference)}});
}

void print_compiled(const CompiledPackage& compiled) {
  print_facts(
      std::cout,
      {{"model", compiled.model_id},
       {"package", compiled.package_id},
       {"folder", compiled.folder.string()},
       {"compiled from", compiled.source_package},
       {"precision", std::string(quantization_name(compiled.precision))},
       {"batch", batch_text(compiled.batch)},
       {"image size", std::to_string(compiled.image_size.width) + "x" + std::to_string(compiled.image_size.height)},
       {"TensorRT", compiled.trt_version},
       {"GPU", compiled.device_name},
       {"built in",
        short_number(compiled.build_seconds) + " s" + (compiled.reused ? ", earlier: nothing was compiled" : "")}});
  print_accuracy(compiled.accuracy);
  if (!compiled.package_id.empty()) {
    std::cout << "\nLoads take it with --allow-untrusted.\n";
  }
}

}  // namespace

ExitCode run(const CompileArguments& arguments) {
  finish_on_interrupt();
  SampleFiles samples(arguments.images);
  const CompiledPackage compiled = [&] {
    CompileBar bar;
    DownloadBar downloads;
    CompileOptions options = arguments.options;
    options.load = downloads.attached_to(std::move(options.load));
    options.samples = samples.images();
    options.progress = bar.callback();
    return compile_model(arguments.model, options);
  }();
  if (arguments.json) {
    std::cout << to_json(compiled) << '\n';
  } else {
    print_compiled(compiled);
  }
  return ExitCode::ok;
}

}  // namespace inference_exp::cli
