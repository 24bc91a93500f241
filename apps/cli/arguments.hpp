// The command line as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "inference_exp/compile.hpp"
#include "inference_exp/load_options.hpp"
#include "inference_exp/model.hpp"
#include "terminal.hpp"

namespace inference_exp::cli {

/// A model and how it is to be used: common to `infer` and `bench`.
struct ModelArguments {
  std::string model;
  LoadOptions load;
  InferenceOptions inference;
  std::size_t batch_size = 1;
};

struct InferArguments {
  ModelArguments model;
  std::vector<std::string> inputs;
  std::string json;  ///< a file, "-" for stdout, empty for none
  std::string save;  ///< a folder, empty for none
  std::int64_t max_frames = 0;
  bool quiet = false;
};

struct BenchArguments {
  ModelArguments model;
  std::string image;  ///< empty: a made-up picture
  std::size_t iterations = 100;
  std::size_t warmup = 10;
  std::string json;
};

struct EmbedArguments {
  std::string model;
  LoadOptions load;
  std::vector<std::string> images;
  std::vector<std::string> texts;
  std::string json;  ///< a file, "-" for stdout, empty for none
  std::string npy;   ///< a folder, empty for none
};

struct EnvironmentArguments {
  std::vector<std::filesystem::path> backend_paths;
  bool json = false;
};

/// What is in a file of weights.
struct CheckpointArguments {
  std::filesystem::path file;
  bool json = false;
};

/// What a provider says of a model, or of one package of it.
struct DescribeArguments {
  std::string model;
  std::string package;  ///< empty: the model
  LoadOptions load;
  bool sizes = false;
  bool json = false;
};

struct ExplainArguments {
  std::string model;
  LoadOptions load;
  bool json = false;
};

struct ModelsArguments {
  bool json = false;
};

struct PullArguments {
  std::string model;
  LoadOptions load;
  bool json = false;
};

struct CompileArguments {
  std::string model;
  CompileOptions options;
  std::vector<std::string> images;  ///< samples, as the user named them
  bool json = false;
};

struct CacheArguments {
  enum class Action : std::uint8_t { list, verify, prune };
  Action action = Action::list;
  std::string model;  ///< empty: all
  std::filesystem::path cache_home;
  bool dry_run = false;
  bool json = false;
};

struct OfflineArguments {
  enum class Action : std::uint8_t { list, verify };
  Action action = Action::list;
  std::string model;  ///< empty: all
  std::filesystem::path cache_home;
  bool check_hashes = false;
  bool json = false;
};

using Command = std::variant<InferArguments, BenchArguments, EmbedArguments, EnvironmentArguments, CheckpointArguments,
                             DescribeArguments, ExplainArguments, ModelsArguments, PullArguments, CompileArguments,
                             CacheArguments, OfflineArguments>;

struct Arguments {
  Command command;
  bool verbose = false;
};

/// "640x480"; nothing for anything else.
[[nodiscard]] std::optional<Size> parse_size(std::string_view text);
/// What is wrong with a size; empty for one.
[[nodiscard]] std::string check_size(const std::string& text);

/// Reads the command line. When there is nothing to run (--help, --version, a mistake) the text for the user has been
/// written and the answer is the exit code.
[[nodiscard]] std::variant<Arguments, ExitCode> parse_arguments(int argc, const char* const* argv);

}  // namespace inference_exp::cli
