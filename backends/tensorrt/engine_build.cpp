#include "engine_build.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/failure.hpp"
#include "cuda/resources.hpp"
#include "cuda_errors.hpp"
#include "engine_request.hpp"
#include "open_options.hpp"
#include "output_file.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

namespace fs = std::filesystem;

namespace {

void check_source(const std::string& file) {
  std::error_code error;
  if (fs::is_regular_file(file, error)) return;
  throw backend::Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "The ONNX file " + file + " is missing.",
                         "Download or export the model again, complete.");
}

/// Empty where there is none that could be read.
std::vector<std::byte> read_timing_cache(const char* file) {
  constexpr std::uintmax_t kMaxBytes = std::uintmax_t{256} << 20;
  if (file == nullptr || *file == '\0') return {};
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return {};
  const std::uintmax_t size = fs::file_size(file, error);
  if (error || size > kMaxBytes) return {};
  std::vector<std::byte> contents(static_cast<std::size_t>(size));
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(contents.data()), static_cast<std::streamsize>(contents.size()));
  return stream ? contents : std::vector<std::byte>();
}

void write_timing_cache(const char* file, std::span<const std::byte> contents) {
  if (file == nullptr || *file == '\0' || contents.empty()) return;
  try {
    OutputFile(file).publish(contents);
  } catch (const backend::Failure&) {  // the next build takes longer, nothing else
  }
}

BuildRequest build_request(const iexp_compile_request& request, const EngineInput& input, BuildProgress& progress) {
  BuildRequest build;
  build.onnx_file = request.source_path;
  build.precision = read_precision(request.precision);
  if (input.dynamic) build.profiles = {{.input = input.name, .shapes = input.shapes}};
  build.workspace_bytes = static_cast<std::size_t>(request.workspace_bytes);
  build.version_compatible = request.version_compatible != 0;
  build.same_compute_capability = request.same_compute_capability != 0;
  build.timing_cache = read_timing_cache(request.timing_cache_path);
  build.progress = [&progress](std::string_view phase, std::int32_t step, std::int32_t steps) {
    return progress.report(phase, step, steps);
  };
  if (build.precision == Precision::int8) {
    build.calibration.batch_size = request.calibration_batch_size;
    build.calibration.next_batch = [&request, &progress, count = 0](std::span<std::byte> batch) mutable {
      return progress.report("Calibrating", count++, 0) &&
             request.calibration_batch(request.user, batch.data(), batch.size()) != 0;
    };
  }
  return build;
}

/// A build that was told to stop was cancelled, whatever it says it died of.
BuiltEngine build_engine(const BuildRequest& build, const BuildProgress& progress) {
  try {
    BuiltEngine built = library().build(build);
    if (progress.stopped()) throw_cancelled();
    return built;
  } catch (const backend::Failure&) {
    if (progress.stopped()) throw_cancelled();
    throw;
  }
}

int driver_version() {
  int version = 0;
  cuda::check(cuda::driver().driver_get_version(&version), "cuDriverGetVersion");
  return version;
}

void report_facts(const iexp_compile_request& request, const EngineInput& input, const cuda::Context& context,
                  int driver) {
  if (request.facts == nullptr) return;
  const auto [major, minor] = context.compute_capability();
  const std::array<std::pair<const char*, std::string>, 9> facts{{
      {"runtime_version", library().version()},
      {"device_name", context.name()},
      {"compute_capability", std::to_string(major) + "." + std::to_string(minor)},
      {"cuda_driver", std::to_string(driver)},
      {"batch_min", std::to_string(input.shapes.min[0])},
      {"batch_opt", std::to_string(input.shapes.opt[0])},
      {"batch_max", std::to_string(input.shapes.max[0])},
      {"input_height", std::to_string(input.shapes.opt[2])},
      {"input_width", std::to_string(input.shapes.opt[3])},
  }};
  for (const auto& [key, value] : facts) request.facts(request.user, key, value.c_str());
}

void compile_in_context(const iexp_compile_request& request, const cuda::Context& context) {
  const cuda::ContextScope current(context);
  const int driver = driver_version();
  BuildProgress progress(request);
  OutputFile target(request.target_path);
  progress.enter("Reading the network");
  const EngineInput input = plan_input(request, library().onnx_inputs(request.source_path));
  progress.enter("Starting the build");
  const BuiltEngine built = build_engine(build_request(request, input, progress), progress);
  write_timing_cache(request.timing_cache_path, built.timing_cache);
  progress.enter("Writing the engine");
  target.publish(built.plan);
  report_facts(request, input, context, driver);
}

}  // namespace

void compile_engine(const iexp_compile_request& request) {
  check_request(request);
  const int device = parse_device(request.device);
  check_source(request.source_path);
  with_cuda_errors([&] {
    require_device(device);
    compile_in_context(request, cuda::Context::of_device(device));
  });
}

}  // namespace inference_exp::tensorrt
