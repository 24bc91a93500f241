// What loading by model id costs on top of opening the package folder, when the choice is cached: both in fresh
// processes that alternate.
//   bench_warm_load PACKAGE-FOLDER [rounds]
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/hashing.hpp"
#include "hub/http.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/weights_provider.hpp"
#include "support/median.hpp"

namespace {

namespace fs = std::filesystem;
using namespace inference_exp;

constexpr std::string_view kModel = "benchmark-model";

/// Announces one package whose files lie in the cache already.
class OnePackage final : public WeightsProvider {
 public:
  explicit OnePackage(const fs::path& folder) {
    model_.model_id = kModel;
    model_.architecture = "yolov8";
    model_.task = "object-detection";
    PackageMetadata package;
    package.id = "benchmark";
    package.backend = "onnx";
    package.quantization = Quantization::fp32;
    package.batch.dynamic = true;
    package.trusted = true;
    package.details = OnnxPackageDetails{.opset = 17, .incompatible_providers = {}};
    for (const char* name : {"class_names.txt", "inference_config.json", "weights.onnx"}) {
      package.files.push_back({name, "http://127.0.0.1:9/nobody", hub::hash_file(folder / name).md5});
    }
    model_.packages.push_back(std::move(package));
  }
  [[nodiscard]] ModelMetadata model_metadata(const ProviderRequest& /*request*/) const override { return model_; }

  void fill(const fs::path& folder, const fs::path& cache) const {
    fs::create_directories(cache / "shared-blobs");
    for (const PackageFile& file : model_.packages.front().files) {
      fs::copy_file(folder / file.handle, cache / "shared-blobs" / *file.md5, fs::copy_options::skip_existing);
    }
  }

 private:
  ModelMetadata model_;
};

/// In a process of its own: opens `what`, prints the milliseconds and how many requests were sent.
int open_once(const std::string& what, const fs::path& cache) {
  class Nobody final : public WeightsProvider {
    [[nodiscard]] ModelMetadata model_metadata(const ProviderRequest& /*request*/) const override {
      throw ModelRetrievalError("the choice should have been cached");
    }
  };
  register_weights_provider("benchmark", std::make_shared<Nobody>());
  LoadOptions options;
  options.hub.weights_provider = "benchmark";
  options.hub.cache_home = cache;
  const auto start = std::chrono::steady_clock::now();
  const auto model = AutoModel::from_pretrained(what, options);
  const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
  std::printf("%.3f %d\n", passed.count(), static_cast<int>(hub::http_requests_sent()));
  return model ? 0 : 1;
}

double milliseconds_of(const std::string& what, const fs::path& cache) {
  const std::string program = fs::read_symlink("/proc/self/exe").string();
  const std::string command = "'" + program + "' --open '" + what + "' '" + cache.string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  double time = 0;
  int requests = -1;
  if (!pipe || std::fscanf(pipe.get(), "%lf %d", &time, &requests) != 2 || requests != 0) {
    std::fprintf(stderr, "opening %s failed or sent %d requests\n", what.c_str(), requests);
    std::exit(1);
  }
  return time;
}

int compare(const fs::path& folder, int rounds) {
  std::string pattern = (fs::temp_directory_path() / "warm_load_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    std::perror(pattern.c_str());
    return 1;
  }
  const fs::path cache = pattern;
  const auto provider = std::make_shared<OnePackage>(folder);
  provider->fill(folder, cache);
  register_weights_provider("benchmark", provider);
  LoadOptions options;
  options.hub.weights_provider = "benchmark";
  options.hub.cache_home = cache;
  (void)AutoModel::from_pretrained(kModel, options);  // chooses, and remembers the choice

  std::vector<double> by_path;
  std::vector<double> by_id;
  for (int round = 0; round < rounds; ++round) {
    by_path.push_back(milliseconds_of(folder.string(), cache));
    by_id.push_back(milliseconds_of(std::string(kModel), cache));
  }
  std::printf("by folder: median %.1f ms\nby id:     median %.1f ms, no request sent\non top:    %.1f ms\n",
              benchmarks::median(by_path), benchmarks::median(by_id),
              benchmarks::median(by_id) - benchmarks::median(by_path));
  fs::remove_all(cache);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--open") return open_once(argv[2], argv[3]);
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_warm_load PACKAGE-FOLDER [rounds]\n");
    return 2;
  }
  return compare(argv[1], argc > 2 ? std::max(1, std::atoi(argv[2])) : 30);
}
