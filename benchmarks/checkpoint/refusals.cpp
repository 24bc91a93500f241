// How long it takes to refuse files that are damaged or mean harm: opens each, reads every tensor of what opens, and
// prints the slowest.
//   bench_refusals FOLDER [rounds]
// FOLDER is golden/checkpoints/bad of the shared data. Files named model_* there are sound as files, and only a network
// refuses them. Ends with 1 when another file is not refused.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "inference_exp/errors.hpp"
#include "support/median.hpp"

namespace {

namespace fs = std::filesystem;
using namespace inference_exp;

struct Measured {
  std::string name;
  bool refused = true;  ///< in every round
  double slowest_ms = 0;
  double median_ms = 0;
};

bool is_refused(const fs::path& file) {
  try {
    const auto opened = checkpoint::Checkpoint::open(file);
    for (const checkpoint::TensorEntry& tensor : opened->tensors()) {
      std::vector<std::byte> bytes(tensor.byte_size);
      opened->read(tensor, bytes);
    }
    return false;
  } catch (const ModelLoadingError&) {
    return true;
  }
}

Measured measure(const fs::path& file, int rounds) {
  Measured measured{.name = file.filename().string()};
  std::vector<double> milliseconds;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const bool refused = is_refused(file);
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    measured.refused = measured.refused && refused;
  }
  measured.slowest_ms = *std::ranges::max_element(milliseconds);
  measured.median_ms = benchmarks::median(milliseconds);
  return measured;
}

int run(const fs::path& folder, int rounds) {
  std::vector<Measured> all;
  std::size_t accepted = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("model_")) continue;
    Measured measured = measure(entry.path(), rounds);
    if (!measured.refused) {
      std::fprintf(stderr, "%s is not refused\n", measured.name.c_str());
      ++accepted;
    }
    all.push_back(std::move(measured));
  }
  if (all.empty()) {
    std::fprintf(stderr, "%s holds no files\n", folder.c_str());
    return 1;
  }
  std::ranges::sort(all, std::greater{}, &Measured::slowest_ms);
  std::printf("%zu files, %d rounds each, %zu not refused; the slowest:\n", all.size(), rounds, accepted);
  for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), 5); ++i) {
    std::printf("  %-32s median %7.3f ms, slowest %7.3f ms\n", all[i].name.c_str(), all[i].median_ms,
                all[i].slowest_ms);
  }
  return accepted == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_refusals FOLDER [rounds]\n");
    return 2;
  }
  return run(argv[1], argc > 2 ? std::max(1, std::atoi(argv[2])) : 20);
}
