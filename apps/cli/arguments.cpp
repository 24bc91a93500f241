#include "arguments.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <fstream>
#include <iostream>
#include <string_view>

#include "inference_exp/version.hpp"

namespace inference_exp::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  inference-exp infer assets/models/shapes-detector assets/images/shapes.png
  inference-exp infer my-model photos/ --save annotated --json results.json
  inference-exp infer yolov8n.onnx --architecture yolov8 --class-names coco.txt 'photos/*.jpg' --confidence 0.5
  inference-exp infer my-model clip.mp4 --save annotated
  inference-exp bench my-model --iterations 200 --json -
  inference-exp environment

Exit codes: 0 all well, 1 some inputs failed, 2 wrong usage or parameter, 3 the model could not be loaded,
4 a backend or its runtime is missing, 5 the model failed while running or another internal error.)";

/// Values that CLI11 can't put into the options by itself.
struct RawModelArguments {
  std::vector<std::string> backends;
  std::vector<std::string> backend_paths;
  std::vector<std::string> execution_providers;
  std::string image_size;
  std::string class_names;
  std::string mask_format;
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return parts;
}

std::optional<std::int32_t> parse_side(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

std::optional<Size> parse_size(std::string_view text) {
  const std::size_t x = text.find('x');
  if (x == std::string_view::npos) return std::nullopt;
  const auto width = parse_side(text.substr(0, x));
  const auto height = parse_side(text.substr(x + 1));
  if (!width || !height) return std::nullopt;
  return Size{*width, *height};
}

std::string check_size(const std::string& text) {
  return parse_size(text) ? "" : "'" + text + "' is not a size; write it as WxH, such as 640x480";
}

/// NAME or NAME:key=value,key=value
ExecutionProvider parse_execution_provider(const std::string& text) {
  const std::size_t colon = text.find(':');
  ExecutionProvider provider{text.substr(0, colon), {}};
  if (colon == std::string::npos) return provider;
  for (const std::string& option : split(std::string_view(text).substr(colon + 1), ',')) {
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos) {
      throw CLI::ValidationError("--execution-provider", "'" + option + "' is not of the form key=value");
    }
    provider.options[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return provider;
}

/// A file with one name per line, or the names themselves.
std::vector<std::string> parse_class_names(const std::string& text) {
  if (std::filesystem::is_regular_file(text)) {
    std::ifstream stream(text);
    std::vector<std::string> names;
    for (std::string line; std::getline(stream, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) names.push_back(line);
    }
    return names;
  }
  if (text.find('/') != std::string::npos || text.ends_with(".txt")) {
    throw CLI::ValidationError("--class-names", "there is no file '" + text + "'");
  }
  return split(text, ',');
}

void add_loading_options(CLI::App& command, ModelArguments& arguments, RawModelArguments& raw) {
  command.add_option("--architecture", arguments.load.architecture, "Family of a bare model file, such as yolov8")
      ->group("Bare model files");
  command.add_option("--task", arguments.load.task, "Task of a bare model file, such as object-detection")
      ->group("Bare model files");
  command.add_option("--class-names", raw.class_names, "Class names of a bare model file: a text file, or a,b,c")
      ->group("Bare model files");
  command.add_option("--backend", raw.backends, "Allowed backend: onnx, torch, torch-script or trt (repeatable)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"onnx", "torch", "torch-script", "trt"}))
      ->group("Where it runs");
  command.add_option("--backend-path", raw.backend_paths, "Folder that is searched for plug-ins first (repeatable)")
      ->allow_extra_args(false)
      ->group("Where it runs");
  command.add_option("--device", arguments.load.session.device, "Such as cpu, cuda or cuda:1")->group("Where it runs");
  command
      .add_option("--execution-provider", raw.execution_providers,
                  "ONNX Runtime's name, such as CPUExecutionProvider, optionally NAME:key=value,... (repeatable)")
      ->allow_extra_args(false)
      ->group("Where it runs");
  command
      .add_option("--threads", arguments.load.session.intra_op_threads,
                  "Threads of the network (default: the physical cores)")
      ->check(CLI::Range(0, 4096))
      ->group("Where it runs");
}

void add_inference_options(CLI::App& command, ModelArguments& arguments, RawModelArguments& raw) {
  InferenceOptions& options = arguments.inference;
  command.add_option("--confidence", options.confidence, "Keep what scores above this, 0...1")
      ->check(CLI::Range(0.0, 1.0))
      ->group("Prediction");
  command.add_option("--iou", options.iou_threshold, "Overlap above which the weaker box goes, 0...1")
      ->check(CLI::Range(0.0, 1.0))
      ->group("Prediction");
  command.add_option("--max-detections", options.max_detections, "At most so many per image")
      ->check(CLI::PositiveNumber)
      ->group("Prediction");
  command.add_flag("--class-agnostic", options.class_agnostic_nms, "Boxes also suppress those of other classes")
      ->group("Prediction");
  command.add_option("--image-size", raw.image_size, "Network size, where the network has no fixed one")
      ->type_name("WxH")
      ->check(check_size)
      ->group("Prediction");
  command.add_option("--mask-format", raw.mask_format, "How masks are held in memory: dense (default) or rle")
      ->check(CLI::IsMember({"dense", "rle"}))
      ->group("Prediction");
  command.add_option("--batch-size", arguments.batch_size, "Images per call (default: 1)")
      ->check(CLI::Range(1, 4096))
      ->group("Prediction");
}

void add_model_options(CLI::App& command, ModelArguments& arguments, RawModelArguments& raw) {
  command.add_option("MODEL", arguments.model, "A package folder, or a model file (.onnx) of a known family")
      ->required();
  add_loading_options(command, arguments, raw);
  add_inference_options(command, arguments, raw);
}

void resolve(ModelArguments& arguments, const RawModelArguments& raw) {
  arguments.load.backends = raw.backends;
  arguments.load.backend_paths.assign(raw.backend_paths.begin(), raw.backend_paths.end());
  for (const std::string& text : raw.execution_providers) {
    arguments.load.session.execution_providers.push_back(parse_execution_provider(text));
  }
  arguments.load.class_names = parse_class_names(raw.class_names);
  if (!raw.image_size.empty()) arguments.inference.image_size = parse_size(raw.image_size);
  if (raw.mask_format == "rle") arguments.inference.mask_format = MaskFormat::rle;
}

/// The parser and where it writes to.
class Parser {
 public:
  Parser() {
    app_.footer(kExamples);
    app_.set_version_flag("--version", "inference-exp " + std::string(kVersion), "Print the version and exit");
    app_.set_help_flag("-h,--help", "Print this help and exit");
    app_.add_flag("--verbose", verbose_, "Also show what the library reports in passing");
    app_.require_subcommand(1);
    app_.fallthrough();
    add_infer();
    add_bench();
    add_environment();
  }

  std::variant<Arguments, ExitCode> parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
      return result();
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) {
        app_.exit(error);
        return ExitCode::ok;
      }
      std::cerr << "error: " << error.what() << "\n  See inference-exp --help.\n";
      return ExitCode::usage;
    }
  }

 private:
  void add_infer() {
    infer_ = app_.add_subcommand("infer", "Predict on images, folders, videos or a camera");
    add_model_options(*infer_, infer_arguments_.model, raw_);
    infer_->add_option("IMAGE", infer_arguments_.inputs,
                       "Image or video files, quoted patterns, folders of images, camera:N");
    infer_->add_option("--camera", camera_, "The same as the input camera:N")->check(CLI::NonNegativeNumber);
    infer_->add_option("--json", infer_arguments_.json, "Write results as JSON to a file, or to stdout with -")
        ->type_name("FILE|-")
        ->group("Output");
    infer_->add_option("--save", infer_arguments_.save, "Write annotated pictures and videos into this folder")
        ->type_name("DIR")
        ->group("Output");
    infer_->add_option("--max-frames", infer_arguments_.max_frames, "Stop each video or camera after so many frames")
        ->check(CLI::PositiveNumber)
        ->group("Output");
    infer_->add_flag("-q,--quiet", infer_arguments_.quiet, "No table of results")->group("Output");
  }

  void add_bench() {
    bench_ = app_.add_subcommand("bench", "Measure how fast a model predicts on this machine");
    add_model_options(*bench_, bench_arguments_.model, raw_);
    bench_->add_option("--image", bench_arguments_.image, "The picture to predict on (default: a made-up one)");
    bench_->add_option("--iterations", bench_arguments_.iterations, "Measured calls (default: 100)")
        ->check(CLI::Range(1, 100'000'000));
    bench_->add_option("--warmup", bench_arguments_.warmup, "Calls before measuring (default: 10)")
        ->check(CLI::Range(0, 100'000'000));
    bench_->add_option("--json", bench_arguments_.json, "Write figures as JSON to a file, or to stdout with -")
        ->type_name("FILE|-");
  }

  void add_environment() {
    environment_ = app_.add_subcommand("environment", "Say what this machine can run, and why not");
    environment_->add_flag("--json", environment_arguments_.json, "As JSON");
    environment_
        ->add_option("--backend-path", raw_.backend_paths, "Folder that is searched for plug-ins first (repeatable)")
        ->allow_extra_args(false);
  }

  Arguments result() {
    if (infer_->parsed()) {
      resolve(infer_arguments_.model, raw_);
      if (camera_) infer_arguments_.inputs.push_back("camera:" + std::to_string(*camera_));
      if (infer_arguments_.inputs.empty()) throw CLI::RequiredError("IMAGE");
      return {infer_arguments_, verbose_};
    }
    if (bench_->parsed()) {
      resolve(bench_arguments_.model, raw_);
      return {bench_arguments_, verbose_};
    }
    environment_arguments_.backend_paths.assign(raw_.backend_paths.begin(), raw_.backend_paths.end());
    return {environment_arguments_, verbose_};
  }

  CLI::App app_{"Computer-vision inference: a model and images in, predictions out.", "inference-exp"};
  CLI::App* infer_ = nullptr;
  CLI::App* bench_ = nullptr;
  CLI::App* environment_ = nullptr;
  InferArguments infer_arguments_;
  BenchArguments bench_arguments_;
  EnvironmentArguments environment_arguments_;
  RawModelArguments raw_;
  std::optional<int> camera_;
  bool verbose_ = false;
};

}  // namespace

std::variant<Arguments, ExitCode> parse_arguments(int argc, const char* const* argv) {
  return Parser().parse(argc, argv);
}

}  // namespace inference_exp::cli
