// The subcommands. Each may throw; main reports.
#pragma once

#include "arguments.hpp"
#include "terminal.hpp"

namespace inference_exp::cli {

[[nodiscard]] ExitCode run(const InferArguments& arguments);
[[nodiscard]] ExitCode run(const BenchArguments& arguments);
[[nodiscard]] ExitCode run(const EmbedArguments& arguments);
[[nodiscard]] ExitCode run(const EnvironmentArguments& arguments);
[[nodiscard]] ExitCode run(const CheckpointArguments& arguments);
[[nodiscard]] ExitCode run(const DescribeArguments& arguments);
[[nodiscard]] ExitCode run(const ExplainArguments& arguments);
[[nodiscard]] ExitCode run(const ModelsArguments& arguments);
[[nodiscard]] ExitCode run(const PullArguments& arguments);
[[nodiscard]] ExitCode run(const CompileArguments& arguments);
[[nodiscard]] ExitCode run(const CacheArguments& arguments);
[[nodiscard]] ExitCode run(const OfflineArguments& arguments);

}  // namespace inference_exp::cli
