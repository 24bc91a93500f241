// The commands around model ids, as the command line has them.
#pragma once

#include <optional>
#include <string>

#include "arguments.hpp"
#include "load_arguments.hpp"

namespace inference_exp::cli {

/// Adds describe, explain, models, pull, cache and offline to the program. Lives as long as the parser.
class HubArguments {
 public:
  HubArguments(CLI::App& program, LoadArguments& loading);

  /// The command that was called, if it is one of these. Throws what LoadArguments::resolve throws.
  [[nodiscard]] std::optional<Command> result() const;

 private:
  void add_describe(CLI::App& program);
  void add_explain(CLI::App& program);
  void add_models(CLI::App& program);
  void add_pull(CLI::App& program);
  void add_cache(CLI::App& program);
  void add_offline(CLI::App& program);
  void add_json_flag(CLI::App& command);
  void add_stored_model(CLI::App& command);

  LoadArguments& loading_;
  CLI::App* describe_ = nullptr;
  CLI::App* explain_ = nullptr;
  CLI::App* models_ = nullptr;
  CLI::App* pull_ = nullptr;
  CLI::App* cache_list_ = nullptr;
  CLI::App* cache_verify_ = nullptr;
  CLI::App* cache_prune_ = nullptr;
  CLI::App* offline_list_ = nullptr;
  CLI::App* offline_verify_ = nullptr;
  std::string model_;
  std::string package_;
  bool sizes_ = false;
  bool check_hashes_ = false;
  bool dry_run_ = false;
  bool json_ = false;
};

}  // namespace inference_exp::cli
