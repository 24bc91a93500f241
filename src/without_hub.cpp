// Stands in for everything about model ids in a library that was built without them.
#include "fetch_vocabulary.hpp"
#include "hub_load.hpp"
#include "inference_exp/compile.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/weights_provider.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void throw_without_hub() {
  throw MissingDependencyError("This library was built without model ids.",
                               "Give the path of a package folder or of an .onnx or .pth file, or build with "
                               "-DINFERENCE_EXP_HUB=ON.");
}

}  // namespace

WeightsProvider::~WeightsProvider() = default;

// NOLINTNEXTLINE(performance-unnecessary-value-param): the public signature
void register_weights_provider(std::string_view /*name*/, std::shared_ptr<const WeightsProvider> /*provider*/) {
  throw_without_hub();
}
fs::path fetch_vocabulary(const LoadOptions& /*options*/) {
  throw MissingDependencyError("The vocabulary that texts are read with is not here, and this library fetches nothing.",
                               "Put bpe_simple_vocab_16e6.txt.gz of CLIP into the package folder, or build with "
                               "-DINFERENCE_EXP_HUB=ON.");
}
std::unique_ptr<Model> load_from_hub(std::string_view /*model*/, const LoadOptions& /*options*/) {
  throw_without_hub();
}
DescribedModel describe_model(std::string_view /*model*/, const LoadOptions& /*options*/, bool /*with_sizes*/) {
  throw_without_hub();
}
Decision negotiate_model(std::string_view /*model*/, const LoadOptions& /*options*/) { throw_without_hub(); }
Decision negotiate_model(std::string_view /*model*/, const LoadOptions& /*options*/,
                         const EnvironmentDescription& /*environment*/) {
  throw_without_hub();
}
PulledModel pull_model(std::string_view /*model*/, const LoadOptions& /*options*/) { throw_without_hub(); }
CompiledPackage compile_model(std::string_view /*model*/, const CompileOptions& /*options*/) {
  throw MissingDependencyError("This library was built without model ids, and without them it compiles nothing.",
                               "Build with -DINFERENCE_EXP_HUB=ON.");
}
std::vector<RegisteredModel> registered_models() { throw_without_hub(); }
std::vector<CachedPackage> list_cache(const fs::path& /*cache_home*/) { throw_without_hub(); }
std::string_view cache_status_name(CacheStatus /*status*/) noexcept { return "unknown"; }
std::vector<VerifiedPackage> verify_cache(std::string_view /*model*/, const fs::path& /*cache_home*/) {
  throw_without_hub();
}
PrunedCache prune_cache(std::string_view /*model*/, const fs::path& /*cache_home*/, bool /*dry_run*/) {
  throw_without_hub();
}
std::vector<OfflineModel> list_offline_models(const fs::path& /*cache_home*/) { throw_without_hub(); }
OfflineModel verify_offline_model(std::string_view /*model*/, bool /*check_hashes*/, const fs::path& /*cache_home*/) {
  throw_without_hub();
}

}  // namespace inference_exp
