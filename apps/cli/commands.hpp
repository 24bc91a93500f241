// The subcommands. Each may throw; main reports.
#pragma once

#include "arguments.hpp"
#include "terminal.hpp"

namespace inference_exp::cli {

[[nodiscard]] ExitCode run(const InferArguments& arguments);
[[nodiscard]] ExitCode run(const BenchArguments& arguments);
[[nodiscard]] ExitCode run(const EnvironmentArguments& arguments);

}  // namespace inference_exp::cli
