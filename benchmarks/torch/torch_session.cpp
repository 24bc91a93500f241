// Times opening a checkpoint through the Torch plug-in, and its forward alone on one picture. Prints JSON.
//   bench_torch_session ARCHITECTURE CHECKPOINT SIDE ROUNDS THREADS
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
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

void measure(const char* architecture, const char* file, std::int64_t side, int rounds, int threads) {
  using namespace inference_exp;         // NOLINT(google-build-using-namespace): a program of its own
  (void)runtime::describe_backends({});  // LibTorch's own start is not the checkpoint's
  const double before = peak_megabytes();
  const Clock::time_point start = Clock::now();
  const auto session =
      runtime::open_session("torch", file, {.intra_op_threads = threads}, {}, {{"architecture", architecture}});
  const double load = seconds_since(start);
  std::vector<float> pixels(static_cast<std::size_t>(3 * side * side), 0.25F);
  const auto request = session->create_request();
  request->set_input(0, {.data = pixels.data(), .dtype = DType::f32, .shape = Shape{1, 3, side, side}});
  request->run();
  std::cout << R"({"load_s":)" << load << R"(,"forward_s":[)";
  for (int i = 0; i < rounds; ++i) {
    const Clock::time_point begin = Clock::now();
    request->run();
    std::cout << (i > 0 ? "," : "") << seconds_since(begin);
  }
  std::cout << R"(],"peak_mb":)" << peak_megabytes() - before << "}\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: bench_torch_session ARCHITECTURE CHECKPOINT SIDE ROUNDS THREADS\n";
    return 2;
  }
  try {
    measure(argv[1], argv[2], std::atoll(argv[3]), std::atoi(argv[4]), std::atoi(argv[5]));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
