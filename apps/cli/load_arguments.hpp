// The options that say how a model is opened: common to several commands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inference_exp/load_options.hpp"

namespace CLI {
class App;
}

namespace inference_exp::cli {

/// Adds options to commands; after parsing, resolves what the one that was called got. Lives as long as the parser.
class LoadArguments {
 public:
  void add_bare_file_options(CLI::App& command);
  /// Backend, device and execution providers.
  void add_place_options(CLI::App& command);
  void add_thread_option(CLI::App& command);
  /// Which package of a model id may be chosen.
  void add_package_options(CLI::App& command);
  /// Where model ids are looked up.
  void add_provider_options(CLI::App& command);
  void add_cache_option(CLI::App& command);
  /// How files of a model id get here.
  void add_download_options(CLI::App& command);

  /// Throws CLI::ValidationError for what the parser could not check by itself.
  [[nodiscard]] LoadOptions resolve() const;

 private:
  [[nodiscard]] std::optional<BatchRange> batch_range() const;
  [[nodiscard]] std::optional<std::vector<Quantization>> quantizations() const;

  LoadOptions options_;
  // Values that CLI11 can't put into the options by itself.
  std::vector<std::string> backends_;
  std::vector<std::string> backend_paths_;
  std::vector<std::string> execution_providers_;
  std::string class_names_;
  std::optional<std::int32_t> min_batch_;
  std::optional<std::int32_t> max_batch_;
  std::vector<std::string> quantizations_;
  std::string ranking_;
  std::string cache_home_;
  bool nms_fusion_ = false;
  bool offline_ = false;
  bool no_resolution_cache_ = false;
};

}  // namespace inference_exp::cli
