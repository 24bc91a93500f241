#include "arguments.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <string_view>
#include <utility>

#include "compile_arguments.hpp"
#include "hub_arguments.hpp"
#include "inference_exp/version.hpp"
#include "load_arguments.hpp"

namespace inference_exp::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  inference-exp infer assets/models/shapes-detector assets/images/shapes.png
  inference-exp infer my-model photos/ --save annotated --json results.json
  inference-exp infer yolov8n.onnx --architecture yolov8 --class-names coco.txt 'photos/*.jpg' --confidence 0.5
  inference-exp infer my-model clip.mp4 --save annotated
  inference-exp bench my-model --iterations 200 --json -
  inference-exp infer yolov8n-640 photo.jpg
  inference-exp embed clip/ViT-B-32 --image photos/ --text "a dog" "a cat"
  inference-exp explain yolov8n-640
  inference-exp compile yolov8n-640 --batch 1:4:8 --images photos/
  inference-exp environment

Model ids that need an API key take it from the environment variable ROBOFLOW_API_KEY. There is no option for it: other
users of a machine can read the arguments of a program.

Exit codes: 0 all well, 1 some inputs failed or a check found damage, 2 wrong usage or parameter, 3 the model could not
be found, fetched or loaded, 4 a backend or its runtime is missing, 5 the model failed while running or another internal
error, 130 stopped by Ctrl-C.)";

/// Values that CLI11 can't put into the options by itself.
struct RawInferenceArguments {
  std::string image_size;
  std::string mask_format;
};

std::optional<std::int32_t> parse_side(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

void add_inference_options(CLI::App& command, ModelArguments& arguments, RawInferenceArguments& raw) {
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

void resolve(ModelArguments& arguments, const RawInferenceArguments& raw, const LoadArguments& loading) {
  arguments.load = loading.resolve();
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
    add_embed();
    hub_.emplace(app_, loading_);
    compile_.emplace(app_, loading_);
    add_environment();
    add_checkpoint();
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
  void add_model_options(CLI::App& command, std::string& model) {
    command
        .add_option("MODEL", model,
                    "A package folder, a model file (.onnx) of a known family, or a model id such as yolov8n-640")
        ->required();
    loading_.add_place_options(command);
    loading_.add_thread_option(command);
    loading_.add_package_options(command);
    loading_.add_provider_options(command);
    loading_.add_download_options(command);
  }

  void add_predicting_options(CLI::App& command, ModelArguments& arguments) {
    add_model_options(command, arguments.model);
    loading_.add_bare_file_options(command);
    add_inference_options(command, arguments, raw_);
  }

  void add_infer() {
    infer_ = app_.add_subcommand("infer", "Predict on images, folders, videos or a camera");
    add_predicting_options(*infer_, infer_arguments_.model);
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
    add_predicting_options(*bench_, bench_arguments_.model);
    bench_->add_option("--image", bench_arguments_.image, "The picture to predict on (default: a made-up one)");
    bench_->add_option("--iterations", bench_arguments_.iterations, "Measured calls (default: 100)")
        ->check(CLI::Range(1, 100'000'000));
    bench_->add_option("--warmup", bench_arguments_.warmup, "Calls before measuring (default: 10)")
        ->check(CLI::Range(0, 100'000'000));
    bench_->add_option("--json", bench_arguments_.json, "Write figures as JSON to a file, or to stdout with -")
        ->type_name("FILE|-");
  }

  void add_embed() {
    embed_ = app_.add_subcommand("embed", "Compare images and texts by their embeddings");
    add_model_options(*embed_, embed_arguments_.model);
    embed_->add_option("--image", embed_arguments_.images, "Image files, quoted patterns, folders of images")
        ->group("Input");
    embed_->add_option("--text", embed_arguments_.texts, "Texts, each in quotes")->group("Input");
    embed_->add_option("--json", embed_arguments_.json, "Write embeddings as JSON to a file, or to stdout with -")
        ->type_name("FILE|-")
        ->group("Output");
    embed_->add_option("--npy", embed_arguments_.npy, "Write embeddings as .npy files into this folder")
        ->type_name("DIR")
        ->group("Output");
  }

  void add_environment() {
    environment_ = app_.add_subcommand("environment", "Say what this machine can run, and why not");
    environment_->add_flag("--json", environment_arguments_.json, "As JSON");
    environment_
        ->add_option("--backend-path", environment_paths_, "Folder that is searched for plug-ins first (repeatable)")
        ->allow_extra_args(false);
  }

  void add_checkpoint() {
    checkpoint_ = app_.add_subcommand("checkpoint", "List the tensors in a file of weights");
    checkpoint_->add_option("FILE", checkpoint_arguments_.file, "A .pth, .pt or .safetensors file")->required();
    checkpoint_->add_flag("--json", checkpoint_arguments_.json, "As JSON, with what else the file holds");
  }

  Arguments result() {
    if (infer_->parsed()) {
      resolve(infer_arguments_.model, raw_, loading_);
      if (camera_) infer_arguments_.inputs.push_back("camera:" + std::to_string(*camera_));
      if (infer_arguments_.inputs.empty()) throw CLI::RequiredError("IMAGE");
      return {infer_arguments_, verbose_};
    }
    if (bench_->parsed()) {
      resolve(bench_arguments_.model, raw_, loading_);
      return {bench_arguments_, verbose_};
    }
    if (embed_->parsed()) {
      embed_arguments_.load = loading_.resolve();
      if (embed_arguments_.images.empty() && embed_arguments_.texts.empty())
        throw CLI::RequiredError("--image or --text");
      return {embed_arguments_, verbose_};
    }
    if (std::optional<Command> command = hub_->result()) return {*std::move(command), verbose_};
    if (std::optional<Command> command = compile_->result()) return {*std::move(command), verbose_};
    if (checkpoint_->parsed()) return {checkpoint_arguments_, verbose_};
    environment_arguments_.backend_paths.assign(environment_paths_.begin(), environment_paths_.end());
    return {environment_arguments_, verbose_};
  }

  CLI::App app_{"Computer-vision inference: a model and images in, predictions out.", "inference-exp"};
  CLI::App* infer_ = nullptr;
  CLI::App* bench_ = nullptr;
  CLI::App* embed_ = nullptr;
  CLI::App* environment_ = nullptr;
  CLI::App* checkpoint_ = nullptr;
  InferArguments infer_arguments_;
  BenchArguments bench_arguments_;
  EmbedArguments embed_arguments_;
  EnvironmentArguments environment_arguments_;
  CheckpointArguments checkpoint_arguments_;
  RawInferenceArguments raw_;
  LoadArguments loading_;
  std::optional<HubArguments> hub_;
  std::optional<CompileParser> compile_;
  std::vector<std::string> environment_paths_;
  std::optional<int> camera_;
  bool verbose_ = false;
};

}  // namespace

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

std::variant<Arguments, ExitCode> parse_arguments(int argc, const char* const* argv) {
  return Parser().parse(argc, argv);
}

}  // namespace inference_exp::cli
