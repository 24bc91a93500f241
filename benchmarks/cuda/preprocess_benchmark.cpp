// Times pre-processing of a 1080p frame on a GPU, against two yardsticks that are measured on the same machine:
//  - the kernel alone against the time that its bytes take at the card's own copy bandwidth;
//  - the kernel alone, and the whole way from the frame in host memory to the input in device memory, against the CPU's
//    kernel followed by a copy of the input.
//   bench_cuda_preprocess [ROUNDS]
// Ends with 77 where there is no GPU or the library has no kernels for it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iomanip>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "vision/cuda/device_pointer.hpp"
#include "vision/cuda/preprocessor.hpp"
#include "vision/preprocess.hpp"

namespace {

using namespace inference_exp;               // NOLINT(google-build-using-namespace): a program of its own
using namespace inference_exp::vision::gpu;  // NOLINT(google-build-using-namespace)
using Clock = std::chrono::steady_clock;

constexpr int kSkipped = 77;
constexpr Size kFrame{1920, 1080};
constexpr Size kInput{640, 640};
constexpr std::size_t kInputValues = std::size_t{3} * 640 * 640;
constexpr int kWarmUp = 20;

Preprocessing recipe() {
  Preprocessing recipe;
  recipe.resize_mode = ResizeMode::letterbox;
  recipe.target = kInput;
  recipe.padding_value = 114;
  recipe.scaling_factor = 255.F;
  return recipe;
}

/// Milliseconds of many rounds.
class Times {
 public:
  void add(double milliseconds) { values_.push_back(milliseconds); }
  [[nodiscard]] double percentile(double part) const {
    std::vector<double> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
  }
  [[nodiscard]] double p50() const { return percentile(0.5); }
  [[nodiscard]] double p99() const { return percentile(0.99); }

 private:
  std::vector<double> values_;
};

void print(const char* what, const Times& times) {
  std::cout << std::left << std::setw(52) << what << std::right << "p50 " << std::setw(8) << times.p50() << " ms   p99 "
            << std::setw(8) << times.p99() << " ms\n";
}

/// One GPU and what the measurements share.
class Bench {
 public:
  Bench(const cuda::Context& context, const Kernels& kernels, int rounds)
      : context_(context), kernels_(kernels), stream_(context), rounds_(rounds), input_(context), frame_(pixels()) {
    input_.reserve(kInputValues * sizeof(float));
  }

  /// Time between two points of the stream.
  template <typename Enqueue>
  [[nodiscard]] Times on_device(Enqueue enqueue) const {
    const cuda::Event begin(context_, true);
    const cuda::Event end(context_, true);
    Times times;
    for (int i = -kWarmUp; i < rounds_; ++i) {
      begin.record(stream_.handle());
      enqueue(stream_.handle());
      end.record(stream_.handle());
      stream_.synchronize();
      if (i >= 0) times.add(static_cast<double>(cuda::Event::milliseconds(begin, end)));
    }
    return times;
  }

  /// Time that the caller waits.
  template <typename Work>
  [[nodiscard]] Times on_host(Work work) const {
    Times times;
    for (int i = -kWarmUp; i < rounds_; ++i) {
      const Clock::time_point begin = Clock::now();
      work(stream_.handle());
      stream_.synchronize();
      if (i >= 0) times.add(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    }
    return times;
  }

  /// Returns the kernel's times.
  Times compare_kernel_with_bandwidth();
  void compare_with_cpu(const Times& kernel);

 private:
  static std::vector<std::uint8_t> pixels() {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(kFrame.width) * kFrame.height * 3);
    std::mt19937 random(1);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
  }
  [[nodiscard]] ImageView image() const { return ImageView::from_u8(frame_.data(), kFrame, PixelFormat::bgr); }

  const cuda::Context& context_;
  const Kernels& kernels_;
  cuda::Stream stream_;
  int rounds_;
  cuda::DeviceBuffer input_;
  std::vector<std::uint8_t> frame_;
};

Times Bench::compare_kernel_with_bandwidth() {
  constexpr std::size_t kCopied = std::size_t{256} << 20;
  cuda::DeviceBuffer from(context_);
  cuda::DeviceBuffer to(context_);
  from.reserve(kCopied);
  to.reserve(kCopied);
  const Times copy = on_device(
      [&](cuda::StreamHandle stream) { cuda::copy_on_device(to.address(), from.address(), kCopied, stream); });
  const double bytes_per_ms = 2.0 * static_cast<double>(kCopied) / copy.p50();

  // The kernel as DevicePreprocessor queues it, with everything in place.
  const vision::Placement placement = vision::place(recipe(), kFrame);
  ResizeTables resize;
  resize.prepare({kFrame, placement.resized, Resampling::opencv_linear});
  std::vector<std::byte> host_tables(resize.bytes());
  resize.write(host_tables.data());
  cuda::DeviceBuffer tables(context_);
  tables.reserve(resize.bytes());
  cuda::copy_to_device(tables.address(), host_tables.data(), resize.bytes(), stream_.handle());
  stream_.synchronize();
  LinearWork work;
  work.source = {device_pointer<const std::uint8_t>(from.address()), std::size_t{3} * kFrame.width, 3};
  work.columns = resize.linear_columns(tables.address());
  work.rows = resize.linear_rows(tables.address());
  work.planes.values = input_.data();
  work.planes.width = kInput.width;
  work.planes.height = kInput.height;
  work.planes.left = placement.destination.x;
  work.planes.top = placement.destination.y;
  work.planes.inner_width = placement.destination.width;
  work.planes.inner_height = placement.destination.height;
  work.planes.divides = true;
  work.planes.divisor = 255;
  Times kernel = on_device([&](cuda::StreamHandle stream) {
    kernels_.for_each_pixel(Kernel::preprocess_linear, work, kInput.width, kInput.height, stream);
  });

  const double moved = static_cast<double>(resize.used_rows().size()) * kFrame.width * 3 + kInputValues * sizeof(float);
  const double ideal = moved / bytes_per_ms;
  std::cout << "copy bandwidth of the card: " << bytes_per_ms / 1e6 << " GB/s (read and written)\n";
  print("fused kernel, events around it", kernel);
  std::cout << "its bytes at that bandwidth: " << ideal << " ms; ratio p50 " << kernel.p50() / ideal << ", p99 "
            << kernel.p99() / ideal << "\n";
  return kernel;
}

void Bench::compare_with_cpu(const Times& kernel) {
  DevicePreprocessor device(kernels_, context_);
  const Times whole = on_host(
      [&](cuda::StreamHandle stream) { device.run(0, image(), recipe(), input_.address(), DType::f32, stream); });
  vision::PreprocessWorkspace workspace;
  cuda::PinnedBuffer staging(context_);
  staging.reserve(kInputValues * sizeof(float));
  const std::span<float> values(reinterpret_cast<float*>(staging.data()), kInputValues);
  const Times cpu = on_host([&](cuda::StreamHandle stream) {
    vision::preprocess(image(), recipe(), values, workspace);
    cuda::copy_to_device(input_.address(), values.data(), values.size_bytes(), stream);
  });
  cuda::PinnedBuffer pinned(context_);
  cuda::DeviceBuffer frame(context_);
  pinned.reserve(frame_.size());
  frame.reserve(frame_.size());
  std::memcpy(pinned.data(), frame_.data(), frame_.size());
  const Times upload = on_host(
      [&](cuda::StreamHandle stream) { cuda::copy_to_device(frame.address(), pinned.data(), frame_.size(), stream); });
  print("whole way on the GPU (stage, send, kernel)", whole);
  print("CPU kernel and copy of the input", cpu);
  print("copy of the whole frame alone, pinned", upload);
  std::cout << "CPU way / fused kernel: p50 " << cpu.p50() / kernel.p50() << ", p99 " << cpu.p99() / kernel.p99()
            << "\n";
  std::cout << "whole way / CPU way: p50 " << whole.p50() / cpu.p50() << ", p99 " << whole.p99() / cpu.p99()
            << "; whole way / frame copy: p50 " << whole.p50() / upload.p50() << "\n";
}

int run(int rounds) {
  if (cuda::device_count() == 0) {
    std::cout << "skipped: no GPU\n";
    return kSkipped;
  }
  const cuda::Context& context = cuda::Context::of_device(0);
  const Kernels* const kernels = Kernels::of(context);
  if (kernels == nullptr) {
    std::cout << "skipped: " << Kernels::problem(context) << "\n";
    return kSkipped;
  }
  const cuda::ContextScope scope(context);
  std::cout << context.name() << ", 1920x1080 to 640x640 letterbox, " << rounds << " rounds\n" << std::setprecision(4);
  Bench bench(context, *kernels, rounds);
  bench.compare_with_cpu(bench.compare_kernel_with_bandwidth());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 1000);
  } catch (const std::exception& error) {
    std::cerr << "bench_cuda_preprocess: " << error.what() << "\n";
    return 1;
  }
}
