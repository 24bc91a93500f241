#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <exception>
#include <variant>

#include "arguments.hpp"
#include "commands.hpp"
#include "inference_exp/logging.hpp"
#include "terminal.hpp"

namespace {

using namespace inference_exp;
using namespace inference_exp::cli;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

void log_to_stderr(bool verbose) {
  const auto logger = spdlog::stderr_color_mt("inference-exp");
  logger->set_pattern("%^%l%$: %v");
  logger->set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
  set_log_callback(
      [logger](LogLevel level, std::string_view message) { logger->log(spdlog_level(level), "{}", message); });
}

ExitCode run_program(int argc, const char* const* argv) {
  auto parsed = parse_arguments(argc, argv);
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
  const auto& arguments = std::get<Arguments>(parsed);
  log_to_stderr(arguments.verbose);
  return std::visit([](const auto& command) { return run(command); }, arguments.command);
}

}  // namespace

int main(int argc, char** argv) {
  // ONNX Runtime as published makes files for telemetry in the user's cache as soon as it is loaded. Who sets the
  // variable decides.
  (void)setenv("ORT_DISABLE_TELEMETRY", "1", 0);
  try {
    return static_cast<int>(run_program(argc, argv));
  } catch (const std::exception& error) {
    return static_cast<int>(report(error));
  }
}
