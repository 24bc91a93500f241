// Times per shape: OpenCV's chain (also with its buffers kept), the fast path, the plain twin.
#include <benchmark/benchmark.h>

#include <string>

#include "scenes.hpp"

namespace inference_exp::benchmarks {
namespace {

void opencv(benchmark::State& state, const Scene& scene) {
  Picture picture(scene.image);
  const Preprocessing recipe = recipe_of(scene);
  const Slot slot(recipe);
  for (auto _ : state) OpenCvChain().run(picture.mat(), recipe, slot.pixels());
}

void opencv_kept(benchmark::State& state, const Scene& scene) {
  Picture picture(scene.image);
  const Preprocessing recipe = recipe_of(scene);
  const Slot slot(recipe);
  OpenCvChain chain;
  for (auto _ : state) chain.run(picture.mat(), recipe, slot.pixels());
}

void fast(benchmark::State& state, const Scene& scene, Resampling resampling) {
  const Picture picture(scene.image);
  Preprocessing recipe = recipe_of(scene);
  recipe.resampling = resampling;
  const Slot slot(recipe);
  vision::PreprocessWorkspace workspace;
  for (auto _ : state) vision::preprocess(picture.view(), recipe, slot.pixels(), workspace);
}

void fast_torch(benchmark::State& state, const TorchScene& scene) {
  const Picture picture(scene.image);
  const Preprocessing recipe = recipe_of(scene);
  const Slot slot(recipe);
  vision::PreprocessWorkspace workspace;
  for (auto _ : state) vision::preprocess(picture.view(), recipe, slot.pixels(), workspace);
}

template <typename AnyScene>
void reference(benchmark::State& state, const AnyScene& scene) {
  const Picture picture(scene.image);
  const Preprocessing recipe = recipe_of(scene);
  const Slot slot(recipe);
  for (auto _ : state) vision::preprocess_reference(picture.view(), recipe, slot.pixels());
}

// Registers benchmarks of one scene.
struct Adder {
  std::string scene;

  template <typename Body>
  void operator()(const std::string& who, const Body& body) const {
    benchmark::RegisterBenchmark((scene + "/" + who).c_str(), body)->Unit(benchmark::kMicrosecond);
  }
};

void register_all() {
  for (const Scene& scene : kScenes) {
    const Adder add{std::string(scene.name)};
    add("opencv", [scene](benchmark::State& state) { opencv(state, scene); });
    add("opencv_kept_buffers", [scene](benchmark::State& state) { opencv_kept(state, scene); });
    add("fast", [scene](benchmark::State& state) { fast(state, scene, Resampling::opencv_linear); });
    add("fast_pillow", [scene](benchmark::State& state) { fast(state, scene, Resampling::pillow_bilinear); });
    add("reference", [scene](benchmark::State& state) { reference(state, scene); });
  }
  for (const TorchScene& scene : kTorchScenes) {
    const Adder add{std::string(scene.name)};
    add("fast", [scene](benchmark::State& state) { fast_torch(state, scene); });
    add("reference", [scene](benchmark::State& state) { reference(state, scene); });
  }
}

}  // namespace
}  // namespace inference_exp::benchmarks

int main(int argc, char** argv) {
  cv::setNumThreads(1);
  inference_exp::benchmarks::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("simd", std::string(inference_exp::vision::simd_target()));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
