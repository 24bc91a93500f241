#include "compile_arguments.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <string_view>

namespace inference_exp::cli {
namespace {

constexpr const char* kEngineGroup = "The engine";
constexpr std::uint64_t kBytesPerMib = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostMib = std::uint64_t{1} << 24;

std::optional<std::int32_t> parse_count(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

/// N or MIN:OPT:MAX
std::optional<EngineBatch> parse_batch(std::string_view text) {
  if (const auto fixed = parse_count(text)) return EngineBatch{*fixed, *fixed, *fixed};
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::array<std::optional<std::int32_t>, 3> parts{parse_count(text.substr(0, first)),
                                                         parse_count(text.substr(first + 1, second - first - 1)),
                                                         parse_count(text.substr(second + 1))};
  if (!parts[0] || !parts[1] || !parts[2] || *parts[0] > *parts[1] || *parts[1] > *parts[2]) return std::nullopt;
  return EngineBatch{*parts[0], *parts[1], *parts[2]};
}

std::string check_batch(const std::string& text) {
  if (parse_batch(text)) return "";
  return "'" + text + "' is not a batch size; write it as N or as MIN:OPT:MAX, such as 1:4:8";
}

}  // namespace

CompileParser::CompileParser(CLI::App& program, LoadArguments& loading) : loading_(loading) {
  compile_ = program.add_subcommand("compile", "Make a TensorRT package for this machine from an ONNX package");
  compile_->add_option("MODEL", arguments_.model, "The folder of an ONNX package, or a model id such as yolov8n-640")
      ->required();
  compile_->add_flag("--json", arguments_.json, "As JSON");
  add_engine_options(*compile_);
  loading_.add_place_options(*compile_);
  loading_.add_package_options(*compile_);
  loading_.add_provider_options(*compile_);
  loading_.add_download_options(*compile_);
  // The backend is settled, and so is that one package is looked for, anew.
  for (const char* settled : {"--backend", "--no-resolution-cache", "--max-attempts"}) {
    compile_->remove_option(compile_->get_option(settled));
  }
}

void CompileParser::add_engine_options(CLI::App& command) {
  CompileOptions& options = arguments_.options;
  command.add_option("--precision", precision_, "fp32, fp16 (default) or int8, which needs --images")
      ->check(CLI::IsMember({"fp32", "fp16", "int8"}))
      ->group(kEngineGroup);
  command.add_option("--batch", batch_, "Images at once (default: the network's own, or 1)")
      ->type_name("N|MIN:OPT:MAX")
      ->check(check_batch)
      ->group(kEngineGroup);
  command.add_option("--image-size", image_size_, "Network size, where the network has no fixed one")
      ->type_name("WxH")
      ->check(check_size)
      ->group(kEngineGroup);
  command
      .add_option("--images", arguments_.images,
                  "Sample images for int8 and for the comparison: files, quoted patterns, folders (repeatable)")
      ->allow_extra_args(false)
      ->group(kEngineGroup);
  command.add_option("--output", output_, "Write a package folder here instead of one in the cache")
      ->type_name("DIR")
      ->group(kEngineGroup);
  command.add_option("--workspace", workspace_mib_, "Device memory for the builder (default: all that is free)")
      ->type_name("MIB")
      ->check(CLI::Range(std::uint64_t{1}, kMostMib))
      ->group(kEngineGroup);
  command.add_flag("--version-compatible", options.version_compatible, "Also for later versions of TensorRT")
      ->group(kEngineGroup);
  command
      .add_flag("--same-compute-capability", options.same_compute_capability,
                "Also for other GPUs of the same compute capability")
      ->group(kEngineGroup);
  command.add_flag("--rebuild", options.rebuild, "Compile again what the cache has already")->group(kEngineGroup);
}

std::optional<Command> CompileParser::result() const {
  if (!compile_->parsed()) return std::nullopt;
  CompileArguments arguments = arguments_;
  arguments.options.load = loading_.resolve();
  arguments.options.precision = parse_quantization(precision_);
  arguments.options.workspace_bytes = workspace_mib_ * kBytesPerMib;
  arguments.options.output = output_;
  if (!batch_.empty()) arguments.options.batch = parse_batch(batch_);
  if (!image_size_.empty()) arguments.options.image_size = parse_size(image_size_);
  return arguments;
}

}  // namespace inference_exp::cli
