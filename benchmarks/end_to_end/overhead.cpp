// What the library adds to the network: predict from a decoded picture against bare ONNX Runtime `Run` on a prepared
// tensor.
//
//   bench_overhead MODEL.onnx [WIDTH HEIGHT [THREADS [ROUNDS]]]
//
// Rounds alternate between the two, with one session alive at a time, so that neither disturbs the other and a change
// in the machine's speed meets both. Prints medians over all rounds and the ratio of the medians.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "bare_session.hpp"
#include "inference_exp/auto_model.hpp"
#include "support/median.hpp"

namespace ie = inference_exp;

namespace {

constexpr int kWarmUp = 5;
constexpr int kIterations = 20;

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

template <typename Work>
void time_rounds(std::vector<double>& samples, const Work& work) {
  for (int i = 0; i < kWarmUp; ++i) work();
  for (int i = 0; i < kIterations; ++i) {
    const auto start = Clock::now();
    work();
    samples.push_back(milliseconds_since(start));
  }
}

/// Coloured rectangles on noise: enough structure that the post-processor has candidates to look at.
std::vector<std::uint8_t> make_picture(ie::Size size) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    const std::size_t x = i / 3 % static_cast<std::size_t>(size.width);
    pixels[i] = static_cast<std::uint8_t>((x / 97 * 61) % 200 + (state >> 24) % 32);
  }
  return pixels;
}

int run(std::span<char*> arguments) {
  const std::string model_path = arguments[1];
  const auto number = [&](std::size_t i, int otherwise) {
    return arguments.size() > i ? std::atoi(arguments[i]) : otherwise;
  };
  const ie::Size size{number(2, 1920), number(3, 1080)};
  const int threads = number(4, 1);
  const int rounds = number(5, 5);
  const std::vector<std::uint8_t> pixels = make_picture(size);
  const ie::ImageView image = ie::ImageView::from_u8(pixels.data(), size, ie::PixelFormat::bgr);

  open_onnxruntime(ONNXRUNTIME_LIBRARY);
  std::vector<double> bare;
  std::vector<double> ours;
  ie::StageTimings stages;
  for (int round = 0; round < rounds; ++round) {
    {
      BareSession session(model_path, threads);
      time_rounds(bare, [&] { session.run(); });
    }
    ie::LoadOptions load;
    load.session.intra_op_threads = threads;
    const auto model = ie::AutoModel::from_pretrained<ie::ObjectDetectionModel>(model_path, load);
    ie::InferenceOptions options;
    options.timings = &stages;
    time_rounds(ours, [&] { (void)model->infer(image, options); });
  }
  std::printf("%dx%d, %d thread(s), %zu predicts each\n", size.width, size.height, threads, ours.size());
  std::printf("bare ONNX Runtime Run   median %8.3f ms\n", inference_exp::benchmarks::median(bare));
  std::printf("infer, decoded picture  median %8.3f ms   (last call: pre %.3f run %.3f post %.3f ms)\n",
              inference_exp::benchmarks::median(ours), stages.pre_process * 1e3, stages.run * 1e3,
              stages.post_process * 1e3);
  std::printf("ratio %.4f\n", inference_exp::benchmarks::median(ours) / inference_exp::benchmarks::median(bare));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_overhead MODEL.onnx [WIDTH HEIGHT [THREADS [ROUNDS]]]\n", stderr);
    return 2;
  }
  try {
    return run({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
