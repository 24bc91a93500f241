// The smallest program that runs a model on ONNX Runtime: what start-up time and memory are compared with.
//
//   bench_bare_onnxruntime MODEL.onnx [THREADS]
//
// Opens the model, runs it once, and prints the resident memory of the process at its end.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>

#include "bare_session.hpp"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_bare_onnxruntime MODEL.onnx [THREADS]\n", stderr);
    return 2;
  }
  try {
    open_onnxruntime(ONNXRUNTIME_LIBRARY);
    BareSession session(argv[1], argc > 2 ? std::atoi(argv[2]) : 1);
    session.run();
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS") || line.starts_with("VmHWM")) std::puts(line.c_str());
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
