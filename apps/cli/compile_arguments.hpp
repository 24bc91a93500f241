// The command `compile`, as the command line has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "arguments.hpp"
#include "load_arguments.hpp"

namespace inference_exp::cli {

/// Adds the command to the program. Lives as long as the parser.
class CompileParser {
 public:
  CompileParser(CLI::App& program, LoadArguments& loading);

  /// The command, if it was called. Throws what LoadArguments::resolve throws.
  [[nodiscard]] std::optional<Command> result() const;

 private:
  void add_engine_options(CLI::App& command);

  LoadArguments& loading_;
  CLI::App* compile_ = nullptr;
  CompileArguments arguments_;
  // Values that CLI11 can't put into the options by itself.
  std::string precision_ = "fp16";
  std::string batch_;
  std::string image_size_;
  std::uint64_t workspace_mib_ = 0;
  std::string output_;
};

}  // namespace inference_exp::cli
