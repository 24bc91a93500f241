// Times opening a checkpoint through the Torch plug-in, and its forward alone on a batch of pictures, which it reads as
// raw floats. Prints JSON, and writes the first output of the forward as raw floats.
//   bench_torch_session ARCHITECTURE CHECKPOINT SIDE BATCH ROUNDS THREADS DEVICE PRECISION PICTURES ANSWER
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/backend_registry.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Of this program alone; getrusage would count the program that started it too.
double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

struct Setting {
  std::string architecture, checkpoint;
  std::int64_t side = 0, batch = 1;
  int rounds = 0, threads = 0;
  std::string device, precision;
};

/// The floats of a file, or those that a file gets.
std::vector<float> read_floats(const char* file, std::size_t count) {
  std::vector<float> values(count);
  std::ifstream stream(file, std::ios::binary);
  if (!stream.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)))) {
    throw std::runtime_error(std::string(file) + " does not hold the pictures.");
  }
  return values;
}

void write_floats(const char* file, std::span<const float> values) {
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
}

void measure(const Setting& setting, const char* pictures, const char* answer) {
  using namespace inference_exp;         // NOLINT(google-build-using-namespace): a program of its own
  (void)runtime::describe_backends({});  // LibTorch's own start is not the checkpoint's
  const double before = peak_megabytes();
  const Clock::time_point start = Clock::now();
  const auto session = runtime::open_session(
      "torch", setting.checkpoint,
      {.device = setting.device, .intra_op_threads = setting.threads, .precision = setting.precision}, {},
      {{"architecture", setting.architecture}});
  const double load = seconds_since(start);
  const Shape shape{setting.batch, 3, setting.side, setting.side};
  std::vector<float> pixels = read_floats(pictures, shape.element_count());
  const auto request = session->create_request();
  request->set_input(0, {.data = pixels.data(), .dtype = DType::f32, .shape = shape});
  request->run();
  write_floats(answer, request->output(0).floats());
  std::cout << R"({"load_s":)" << load << R"(,"forward_s":[)";
  for (int i = 0; i < setting.rounds; ++i) {
    const Clock::time_point begin = Clock::now();
    request->run();
    std::cout << (i > 0 ? "," : "") << seconds_since(begin);
  }
  std::cout << R"(],"peak_mb":)" << peak_megabytes() - before << "}\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 11) {
    std::cerr << "usage: bench_torch_session ARCHITECTURE CHECKPOINT SIDE BATCH ROUNDS THREADS DEVICE PRECISION "
                 "PICTURES ANSWER\n";
    return 2;
  }
  try {
    measure({.architecture = argv[1],
             .checkpoint = argv[2],
             .side = std::atoll(argv[3]),
             .batch = std::atoll(argv[4]),
             .rounds = std::atoi(argv[5]),
             .threads = std::atoi(argv[6]),
             .device = argv[7],
             .precision = argv[8]},
            argv[9], argv[10]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
