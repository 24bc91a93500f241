// Files that are damaged or mean harm, as the weights of a package: refused at the front door, by the reader or by the
// network that can't be built from them.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "integration/torch_packages.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;

/// What the process has had in memory at most, in KiB. A test runs in a process of its own.
long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// The class of the error that loading ends with; empty when there is none.
std::string refusal(const fs::path& package, const LoadOptions& options) {
  try {
    (void)AutoModel::from_pretrained(package.string(), options);
    return "";
  } catch (const ModelLoadingError& error) {
    return std::string(error.name());
  }
}

TEST(TorchRefusals, EveryHostileFileOfTheCollectionIsRefusedWithATypedErrorAndLittleMemory) {
  REQUIRE_SHARED(folder, "golden/checkpoints");
  const testing::TemporaryFolder package;
  const LoadOptions options = testing::torch_on_cpu(package / "home");
  const auto load = [&](const fs::path& weights) {
    testing::write_rfdetr_package(package.path(), weights, "rfdetr-tiny", 7, testing::rfdetr_config(112));
    return refusal(package.path(), options);
  };
  ASSERT_EQ(load(folder / "good/rfdetr_tiny_stripped.pth"), "") << "the package itself is sound";

  const long before = peak_memory();
  std::size_t refused = 0;
  for (const auto& entry : fs::directory_iterator(folder / "bad")) {
    const std::string name = entry.path().filename().string();
    const bool asks_for_more = name.starts_with("evil_") || name == "unknown_storage.pth";
    EXPECT_EQ(load(entry.path()), asks_for_more ? "UntrustedCheckpointError" : "CorruptedModelPackageError") << name;
    ++refused;
  }
  EXPECT_GE(refused, 50U);
  EXPECT_LT(peak_memory() - before, 64 * 1024);
}

}  // namespace
}  // namespace inference_exp
