// What the plug-in makes of the machine around it; each question in a process of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "backends/onnx_writer.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// What a command prints, errors included.
std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((command + " 2>&1").c_str(), "r"), pclose);
  std::string output;
  std::array<char, 4096> buffer{};
  for (std::size_t count = 0; pipe && (count = fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;) {
    output.append(buffer.data(), count);
  }
  return output;
}

class OnnxEnvironment : public ::testing::Test {
 protected:
  OnnxEnvironment() {
    testing::write_file(model_, testing::onnx_bytes(testing::identity_model(testing::OnnxType::f32, {"n"})));
  }
  [[nodiscard]] std::string open_with(const std::string& variables) const {
    return output_of("env -u INFERENCE_EXP_ONNXRUNTIME -u ONNXRUNTIME_EXECUTION_PROVIDERS " + variables +
                     " " ONNX_CHILD " " + model_.string());
  }

 private:
  testing::TemporaryFolder folder_;  // of this test alone: the others of this file may run at the same time
  std::filesystem::path model_ = folder_ / "identity.onnx";
};

TEST_F(OnnxEnvironment, FindsTheRuntimeBesideThePlugin) {
  EXPECT_THAT(open_with(""), AllOf(StartsWith("available "), HasSubstr("opened with ")));
}

TEST_F(OnnxEnvironment, ANamedRuntimeIsUsedOrRefused) {
  const std::string output = open_with("INFERENCE_EXP_ONNXRUNTIME=/does/not/exist.so");
  EXPECT_THAT(output, AllOf(StartsWith("unavailable: ONNX Runtime is not installed"), HasSubstr("/does/not/exist.so"),
                            HasSubstr("\nMissingDependencyError: "), HasSubstr("Install ONNX Runtime")));
}

TEST_F(OnnxEnvironment, ALibraryThatIsNoRuntimeIsRefused) {
  EXPECT_THAT(open_with("INFERENCE_EXP_ONNXRUNTIME=" ONNX_PLUGIN),
              AllOf(HasSubstr("is not ONNX Runtime"), HasSubstr("MissingDependencyError")));
}

TEST_F(OnnxEnvironment, ARuntimeThatIsTooOldIsRefused) {
  EXPECT_THAT(open_with("INFERENCE_EXP_ONNXRUNTIME=" OLD_ONNXRUNTIME),
              AllOf(HasSubstr("is version 1.2.3, too old"), HasSubstr("MissingDependencyError")));
}

TEST_F(OnnxEnvironment, ThePreferredProvidersAreFilteredByWhatIsThere) {
  EXPECT_THAT(open_with("ONNXRUNTIME_EXECUTION_PROVIDERS='[NoSuchExecutionProvider, CPUExecutionProvider]'"),
              HasSubstr("opened with CPUExecutionProvider\n"));
}

TEST_F(OnnxEnvironment, WhenNoPreferredProviderIsThereTheErrorListsWhatIs) {
  EXPECT_THAT(open_with("ONNXRUNTIME_EXECUTION_PROVIDERS=NoSuchExecutionProvider"),
              AllOf(HasSubstr("EnvironmentConfigurationError"), HasSubstr("Available here: "),
                    HasSubstr("CPUExecutionProvider")));
}

TEST(OnnxPlugin, ExportsOneSymbol) {
  ASSERT_FALSE(std::string(NM_PROGRAM).empty()) << "CMake found no nm beside the compiler";
  EXPECT_THAT(output_of(NM_PROGRAM " -D --defined-only --format=posix " ONNX_PLUGIN " | cut -d' ' -f1"),
              "inference_exp_backend_v1\n");
}

}  // namespace
}  // namespace inference_exp
