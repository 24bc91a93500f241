#include "load_arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>

namespace inference_exp::cli {
namespace {

constexpr const char* kPlaceGroup = "Where it runs";
constexpr const char* kPackageGroup = "Model ids: which package";
constexpr const char* kHubGroup = "Model ids: how they get here";

/// The parts of `text` between separators.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// NAME or NAME:key=value,key=value
ExecutionProvider parse_execution_provider(const std::string& text) {
  const std::size_t colon = text.find(':');
  ExecutionProvider provider{text.substr(0, colon), {}};
  if (colon == std::string::npos) return provider;
  for (const std::string& option : split(text.substr(colon + 1), ',')) {
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

}  // namespace

void LoadArguments::add_bare_file_options(CLI::App& command) {
  constexpr const char* kGroup = "Bare model files";
  command.add_option("--architecture", options_.architecture, "Family of a bare model file, such as yolov8")
      ->group(kGroup);
  command.add_option("--task", options_.task, "Task of a bare model file, such as object-detection")->group(kGroup);
  command
      .add_option("--model-type", options_.model_type,
                  "Size of an RF-DETR checkpoint, such as rfdetr-base (default: told from the file)")
      ->type_name("NAME")
      ->group(kGroup);
  command
      .add_option("--resolution", options_.resolution,
                  "Side of an RF-DETR checkpoint's input in pixels (default: as it was trained)")
      ->check(CLI::PositiveNumber)
      ->group(kGroup);
  command.add_option("--class-names", class_names_, "Class names of a bare model file: a text file, or a,b,c")
      ->group(kGroup);
}

void LoadArguments::add_place_options(CLI::App& command) {
  command.add_option("--backend", backends_, "Allowed backend: onnx, torch, torch-script or trt (repeatable)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"onnx", "torch", "torch-script", "trt"}))
      ->group(kPlaceGroup);
  command.add_option("--backend-path", backend_paths_, "Folder that is searched for plug-ins first (repeatable)")
      ->allow_extra_args(false)
      ->group(kPlaceGroup);
  command.add_option("--device", options_.session.device, "Such as cpu, cuda or cuda:1")->group(kPlaceGroup);
  command
      .add_option("--execution-provider", execution_providers_,
                  "ONNX Runtime's name, such as CPUExecutionProvider, optionally NAME:key=value,... (repeatable)")
      ->allow_extra_args(false)
      ->group(kPlaceGroup);
}

void LoadArguments::add_thread_option(CLI::App& command) {
  command
      .add_option("--threads", options_.session.intra_op_threads,
                  "Threads of the network (default: the physical cores)")
      ->check(CLI::Range(0, 4096))
      ->group(kPlaceGroup);
}

void LoadArguments::add_package_options(CLI::App& command) {
  command.add_option("--package", options_.model_package_id, "Exactly this package of the model")
      ->type_name("ID")
      ->group(kPackageGroup);
  command.add_option("--min-batch", min_batch_, "The package takes batches from this size on")
      ->check(CLI::PositiveNumber)
      ->group(kPackageGroup);
  command.add_option("--max-batch", max_batch_, "The package takes batches up to this size")
      ->check(CLI::PositiveNumber)
      ->group(kPackageGroup);
  command
      .add_option("--quantization", quantizations_,
                  "Allowed: fp32, fp16, bf16, int8, unknown (repeatable), or any (default: what suits the device)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"fp32", "fp16", "bf16", "int8", "unknown", "any"}))
      ->group(kPackageGroup);
  command
      .add_flag("--allow-untrusted", options_.allow_untrusted_packages,
                "Also packages that the provider does not call trusted")
      ->group(kPackageGroup);
  command.add_option("--ranking", ranking_, "Which backend comes first (default: trt-torch-onnx)")
      ->check(CLI::IsMember({"trt-torch-onnx", "trt-onnx-torch"}))
      ->group(kPackageGroup);
  command
      .add_flag("--nms-fusion", nms_fusion_,
                "Also packages that suppress overlapping boxes inside the network, with the usual thresholds")
      ->group(kPackageGroup);
}

void LoadArguments::add_provider_options(CLI::App& command) {
  command.add_option("--provider", options_.hub.weights_provider, "Who is asked for the model (default: roboflow)")
      ->type_name("NAME")
      ->group(kHubGroup);
  command.add_flag("--offline", offline_, "Use only what was recorded in the cache, without any network")
      ->group(kHubGroup);
  add_cache_option(command);
}

void LoadArguments::add_cache_option(CLI::App& command) {
  command.add_option("--cache", cache_home_, "The folder of the cache (default: INFERENCE_HOME, see docs/hub.md)")
      ->type_name("DIR")
      ->group(kHubGroup);
}

void LoadArguments::add_download_options(CLI::App& command) {
  command.add_flag("--no-resolution-cache", no_resolution_cache_, "Ask the provider again, whatever was chosen before")
      ->group(kHubGroup);
  command
      .add_flag("--allow-files-without-hash", options_.hub.download_files_without_hash,
                "Also files whose content can't be checked")
      ->group(kHubGroup);
  command
      .add_option("--max-attempts", options_.max_package_loading_attempts,
                  "Try at most so many packages, best first (default: all that can run here)")
      ->check(CLI::PositiveNumber)
      ->group(kHubGroup);
}

std::optional<BatchRange> LoadArguments::batch_range() const {
  if (!min_batch_ && !max_batch_) return std::nullopt;
  const BatchRange range{min_batch_.value_or(1), max_batch_.value_or(min_batch_.value_or(1))};
  if (range.max < range.min) throw CLI::ValidationError("--max-batch", "it is below --min-batch");
  return range;
}

std::optional<std::vector<Quantization>> LoadArguments::quantizations() const {
  if (quantizations_.empty()) return std::nullopt;
  std::vector<Quantization> allowed;
  if (std::ranges::find(quantizations_, "any") != quantizations_.end()) {
    if (quantizations_.size() > 1) throw CLI::ValidationError("--quantization", "'any' stands alone");
    return allowed;
  }
  std::ranges::transform(quantizations_, std::back_inserter(allowed),
                         [](const std::string& name) { return parse_quantization(name); });
  return allowed;
}

LoadOptions LoadArguments::resolve() const {
  LoadOptions options = options_;
  options.backends = backends_;
  options.backend_paths.assign(backend_paths_.begin(), backend_paths_.end());
  for (const std::string& text : execution_providers_) {
    options.session.execution_providers.push_back(parse_execution_provider(text));
  }
  options.class_names = parse_class_names(class_names_);
  options.batch_size = batch_range();
  options.quantization = quantizations();
  if (ranking_ == "trt-onnx-torch") options.backend_ranking = BackendRanking::trt_onnx_torch;
  if (nms_fusion_) options.nms_fusion_preferences = NmsFusionPreferences::usual();
  if (offline_) options.hub.offline = true;
  if (no_resolution_cache_) options.hub.use_auto_resolution_cache = false;
  options.hub.cache_home = cache_home_;
  return options;
}

}  // namespace inference_exp::cli
