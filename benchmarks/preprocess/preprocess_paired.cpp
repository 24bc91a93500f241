// Alternates OpenCV's chain and ours on the same picture (for torch's resampling: the plain twin and the fast path) and
// prints the ratio of their times: what slows the machine down for a moment slows both.
//   preprocess_paired [rounds]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "scenes.hpp"
#include "support/median.hpp"

namespace inference_exp::benchmarks {
namespace {

template <typename Work>
double microseconds(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

struct Times {
  std::vector<double> values;

  [[nodiscard]] double fastest() const { return *std::ranges::min_element(values); }
};

void print(const char* who, const Times& times) {
  std::printf("  %-26s min %6.0f us, median %6.0f us\n", who, times.fastest(), median(times.values));
}

void print_ratio(const char* against, const Times& ours, const Times& theirs) {
  std::vector<double> ratios(ours.values.size());
  std::ranges::transform(ours.values, theirs.values, ratios.begin(), std::divides<>());
  std::printf("  ours / %-19s min %6.3f, median %6.3f\n", against, ours.fastest() / theirs.fastest(), median(ratios));
}

void compare(const Scene& scene, int rounds) {
  Picture picture(scene.image);
  const Preprocessing recipe = recipe_of(scene);
  const Slot their_slot(recipe);
  const Slot our_slot(recipe);
  const std::span<float> theirs = their_slot.pixels();
  const std::span<float> ours = our_slot.pixels();
  OpenCvChain kept;
  vision::PreprocessWorkspace workspace;
  Times opencv_times;
  Times kept_times;
  Times fast_times;
  for (int round = -3; round < rounds; ++round) {
    const double opencv = microseconds([&] { OpenCvChain().run(picture.mat(), recipe, theirs); });
    const double reused = microseconds([&] { kept.run(picture.mat(), recipe, theirs); });
    const double fast = microseconds([&] { vision::preprocess(picture.view(), recipe, ours, workspace); });
    if (round < 0) continue;  // warming up
    opencv_times.values.push_back(opencv);
    kept_times.values.push_back(reused);
    fast_times.values.push_back(fast);
  }
  double difference = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    difference = std::max(difference, static_cast<double>(std::abs(ours[i] - theirs[i])));
  }
  std::printf("%s (largest difference %.1e)\n", std::string(scene.name).c_str(), difference);
  print("OpenCV chain", opencv_times);
  print("OpenCV chain, kept buffers", kept_times);
  print("ours", fast_times);
  print_ratio("OpenCV", fast_times, opencv_times);
  print_ratio("kept buffers", fast_times, kept_times);
}

void compare(const TorchScene& scene, int rounds) {
  const Picture picture(scene.image);
  const Preprocessing recipe = recipe_of(scene);
  const Slot slot(recipe);
  vision::PreprocessWorkspace workspace;
  Times plain_times;
  Times fast_times;
  for (int round = -3; round < rounds; ++round) {
    const double plain = microseconds([&] { vision::preprocess_reference(picture.view(), recipe, slot.pixels()); });
    const double fast = microseconds([&] { vision::preprocess(picture.view(), recipe, slot.pixels(), workspace); });
    if (round < 0) continue;  // warming up
    plain_times.values.push_back(plain);
    fast_times.values.push_back(fast);
  }
  std::printf("%s\n", std::string(scene.name).c_str());
  print("plain twin", plain_times);
  print("ours", fast_times);
  print_ratio("plain twin", fast_times, plain_times);
}

}  // namespace
}  // namespace inference_exp::benchmarks

int main(int argc, char** argv) {
  cv::setNumThreads(1);
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 100;
  std::printf("instruction set: %s, rounds: %d\n", std::string(inference_exp::vision::simd_target()).c_str(), rounds);
  for (const auto& scene : inference_exp::benchmarks::kScenes) inference_exp::benchmarks::compare(scene, rounds);
  for (const auto& scene : inference_exp::benchmarks::kTorchScenes) inference_exp::benchmarks::compare(scene, rounds);
  return 0;
}
