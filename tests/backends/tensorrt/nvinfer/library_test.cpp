// Opening NVIDIA's libraries: which are taken, and what is said of those that are not.
#include "backends/tensorrt/nvinfer/fixture.hpp"
#include "tensorrt/nvinfer_library.hpp"

namespace inference_exp::test {
namespace {

namespace fs = std::filesystem;
using tensorrt::NvInfer;
using tensorrt::open_nvinfer;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class NvInferLibrary : public NvInferTest {
 protected:
  [[nodiscard]] std::string refusal(const std::string& file) const {
    return failure(IEXP_ERROR_MISSING_DEPENDENCY, [&] { (void)open_nvinfer(file); });
  }
  [[nodiscard]] std::string refused_version(std::int32_t version) const {
    nvinfer_.set_version(version);
    return refusal(STAND_IN_NVINFER);
  }
};

TEST_F(NvInferLibrary, TellsVersionAndFile) {
  EXPECT_EQ(tensorrt::library().version(), "10.3.0.26");
  EXPECT_THAT(tensorrt::library().path(), EndsWith("libnvinfer.so.10"));
}

TEST_F(NvInferLibrary, RegistersNvidiasLayersThatLieBesideIt) {
  const auto registrations = stand_in_function<int (*)()>(STAND_IN_NVINFER_PLUGIN, "stand_in_registrations");
  const int before = registrations();
  (void)open_nvinfer(STAND_IN_NVINFER);
  EXPECT_EQ(registrations(), before + 1);
}

TEST_F(NvInferLibrary, AFileThatIsMissingOrNoTensorRtIsNamed) {
  EXPECT_THAT(refusal("/nowhere/libnvinfer.so.10"),
              AllOf(HasSubstr("/nowhere/libnvinfer.so.10"), HasSubstr("Install")));
  EXPECT_THAT(refusal(STAND_IN_NVONNXPARSER), HasSubstr("libnvonnxparser.so.10: is not TensorRT"));
}

TEST_F(NvInferLibrary, OtherMajorVersionsAreRefused) {
  EXPECT_THAT(refused_version(8601), AllOf(HasSubstr("is version 8.6.1"), HasSubstr("built for TensorRT 10")));
  EXPECT_THAT(refused_version(110000), HasSubstr("is version 11.0.0"));
}

TEST_F(NvInferLibrary, SpeaksTheOlderOfBothVersions) {
  nvinfer_.set_version(100000);
  EXPECT_EQ(open_nvinfer(STAND_IN_NVINFER).spoken_version, 100000);
  nvinfer_.set_version(109900);
  EXPECT_LT(open_nvinfer(STAND_IN_NVINFER).spoken_version, 109900) << "that of the headers";
}

TEST_F(NvInferLibrary, ObjectsAreAskedForWithTheSpokenVersion) {
  const auto engine = deserialize(two_profiles());
  EXPECT_EQ(nvinfer_.requested_version(), open_nvinfer(STAND_IN_NVINFER).spoken_version);
}

TEST_F(NvInferLibrary, ALeanRuntimeHasNoBuilder) {
  const NvInfer lean = open_nvinfer(STAND_IN_NVINFER_LEAN);
  EXPECT_EQ(lean.create_builder, nullptr);
  EXPECT_EQ(lean.version, "10.3.0");
}

TEST_F(NvInferLibrary, WithoutTheParserTheErrorSaysWhatToInstall) {
  NvInfer library = open_nvinfer(STAND_IN_NVINFER);
  const fs::path parser = folder_ / "libnvonnxparser.so.10";
  std::ofstream(parser) << "no library";
  library.path = (folder_ / "libnvinfer.so.10").string();
  const auto open = [&] { (void)tensorrt::open_onnx_parser(library); };
  EXPECT_THAT(failure(IEXP_ERROR_MISSING_DEPENDENCY, open),
              AllOf(HasSubstr(parser.string()), HasSubstr("libnvonnxparsers10")));
  fs::copy_file(STAND_IN_NVINFER_PLUGIN, parser, fs::copy_options::overwrite_existing);
  EXPECT_THAT(failure(IEXP_ERROR_MISSING_DEPENDENCY, open), HasSubstr("is not the parser"));
}

}  // namespace
}  // namespace inference_exp::test
