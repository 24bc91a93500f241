// What the trt plug-in says of itself, with and without TensorRT, driver and devices.
#include <algorithm>
#include <cstdlib>

#include "backends/tensorrt/fixture.hpp"
#include "inference_exp/environment.hpp"

namespace inference_exp::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TensorRtPlugin : public TensorRtTest {
 protected:
  [[nodiscard]] static BackendDescription describe(const std::vector<fs::path>& folders = plugin_folders()) {
    const std::vector<BackendDescription> all = runtime::describe_backends(folders);
    const auto found = std::ranges::find(all, "trt", &BackendDescription::name);
    EXPECT_NE(found, all.end());
    return found != all.end() ? *found : BackendDescription{};
  }
};

TEST_F(TensorRtPlugin, IsDescribedWithItsRuntimeAndEveryDevice) {
  const BackendDescription description = describe();
  EXPECT_TRUE(description.available) << description.reason;
  EXPECT_EQ(description.runtime_version, kStandInTensorRtVersion);
  EXPECT_THAT(description.runtime_path, EndsWith("libnvinfer.so.10"));
  EXPECT_THAT(description.devices, ElementsAre("cuda:0", "cuda:1"));
  EXPECT_THAT(description.execution_providers, IsEmpty());
}

TEST_F(TensorRtPlugin, WithoutTensorRtItIsUnavailableAndSaysWhy) {
  trt_.fail("library", IEXP_ERROR_MISSING_DEPENDENCY);
  const BackendDescription description = describe();
  EXPECT_FALSE(description.available);
  EXPECT_THAT(description.reason, HasSubstr("TensorRT"));
  EXPECT_TRUE(describe().available) << "TensorRT may be installed later";
}

TEST_F(TensorRtPlugin, WithoutADeviceItIsUnavailableAndSaysWhy) {
  driver_.set_devices(0, "", 0, 0);
  const BackendDescription description = describe();
  EXPECT_FALSE(description.available);
  EXPECT_THAT(description.reason, AllOf(HasSubstr("no CUDA device"), HasSubstr("NVIDIA GPU")));
}

/// A copy of the plug-in is another shared object, which looks for the driver itself.
TEST_F(TensorRtPlugin, WithoutADriverItIsUnavailableAndSaysWhy) {
  const fs::path plugin = STAND_IN_TRT_PLUGIN;
  fs::copy_file(plugin, folder_ / plugin.filename());
  const char* named = std::getenv("INFERENCE_EXP_CUDA_DRIVER");
  ASSERT_NE(named, nullptr);
  const std::string driver = named;
  setenv("INFERENCE_EXP_CUDA_DRIVER", (folder_ / "no_such_driver.so").c_str(), 1);
  const BackendDescription description = describe({folder_.path()});
  setenv("INFERENCE_EXP_CUDA_DRIVER", driver.c_str(), 1);
  EXPECT_FALSE(description.available);
  EXPECT_THAT(description.reason, AllOf(HasSubstr("no NVIDIA driver"), HasSubstr("no_such_driver.so")));
}

TEST_F(TensorRtPlugin, ServesDeviceMemoryAndTheHostsVersionOnly) {
  EXPECT_STREQ(table().name, "trt");
  EXPECT_NE(table().session_device, nullptr);
  EXPECT_NE(table().request_stream, nullptr);
  EXPECT_NE(table().enqueue, nullptr);
  EXPECT_NE(table().get_device_output, nullptr);
  EXPECT_EQ(table().probe(nullptr, nullptr, nullptr), IEXP_OK) << "a probe may ask for nothing but the answer";
}

TEST_F(TensorRtPlugin, CallsWithoutWhatTheyNeedAreRefused) {
  iexp_error error = runtime::empty_error();
  iexp_session* session = nullptr;
  EXPECT_EQ(table().open(nullptr, &session, &error), IEXP_ERROR_INVALID_PARAMETER);
  const iexp_open_request nameless{.struct_size = sizeof(iexp_open_request),
                                   .model_path = nullptr,
                                   .device = nullptr,
                                   .execution_providers = nullptr,
                                   .execution_provider_count = 0,
                                   .intra_op_threads = 0,
                                   .inter_op_threads = 0,
                                   .allow_spinning = -1,
                                   .network_options = nullptr,
                                   .network_option_count = 0};
  EXPECT_EQ(table().open(&nameless, &session, &error), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(session, nullptr);
  iexp_key_value option{.key = "cuda_graphs", .value = nullptr};
  iexp_open_request with_null = nameless;
  with_null.network_options = &option;
  with_null.network_option_count = 1;
  EXPECT_EQ(table().open(&with_null, &session, &error), IEXP_ERROR_INVALID_PARAMETER);
}

}  // namespace
}  // namespace inference_exp::test
