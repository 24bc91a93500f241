// The recorded machines once more, as the probe meets them: their own files and libraries give the same description.
#include <gtest/gtest.h>

#include "negotiation/machine_descriptions.hpp"
#include "runtime/fake_machine.hpp"

namespace inference_exp::runtime {
namespace {

const std::string kUbuntu =
    "PRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nVERSION=\"22.04.5 LTS (Jammy "
    "Jellyfish)\"\nID=ubuntu\nID_LIKE=debian\n";

FakeMachine tesla_t4() {
  FakeMachine machine;
  machine.files = {{"/proc/driver/nvidia/version",
                    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  "
                    "(dvs-builder@U16-I3-A17-2-3)  Thu Jan 23 22:34:36 UTC 2025\n"
                    "GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)\n"},
                   {"/etc/os-release", kUbuntu}};
  machine.driver = {.devices = {{"Tesla T4", 7, 5}}, .version = 12080};
  machine.cuda_runtime = 12080;
  machine.tensorrt = {.version = 101200, .build = 36};
  return machine;
}

FakeMachine l4() {
  FakeMachine machine;
  machine.files = {{"/proc/driver/nvidia/version",
                    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n"
                    "GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)\n"},
                   {"/etc/os-release", kUbuntu}};
  machine.driver = {.devices = {{"NVIDIA L4", 8, 9}}, .version = 12040};
  machine.cuda_runtime = 12040;
  machine.tensorrt = {.version = 100300, .build = 26};
  return machine;
}

FakeMachine jetson_orin() {
  FakeMachine machine;
  machine.files = {
      {"/etc/nv_tegra_release",
       "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC "
       "2025\n# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\nTARGET_USERSPACE_LIB_DIR_PATH=usr/lib/"
       "aarch64-linux-gnu/nvidia\n"},
      {"/proc/device-tree/model",
       std::string("NVIDIA Jetson Orin NX Engineering Reference Developer Kit") + std::string(1, '\0')},
      {"/proc/driver/nvidia/version",
       "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build  "
       "(buildbrain@mobile-u64-6336-d8000)  Tue Jan  7 17:33:44 PST 2025\n"},
      {"/etc/os-release", kUbuntu},
      {"/var/lib/dpkg/status", dpkg_entry("cuda-cudart-12-6", "12.6.68-1") +
                                   dpkg_entry("libnvinfer-bin", "10.3.0.30-1+cuda12.5") +
                                   dpkg_entry("libnvinfer10", "10.3.0.30-1+cuda12.5")}};
  machine.driver = {.devices = {{"Orin", 8, 7}}, .version = 12060};
  machine.cuda_runtime = 12060;
  machine.tensorrt = {.version = 100300, .build = 30};
  return machine;
}

FakeMachine cpu_only() {
  FakeMachine machine;
  machine.files = {{"/etc/os-release",
                    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"
                    "VERSION=\"12 (bookworm)\"\nID=debian\n"}};
  return machine;
}

void expect_described(const FakeMachine& machine, const std::string& name) {
  const MachineDescription found = machine.probe();
  const MachineDescription recorded = testing::recorded_machine(name).machine;
  ASSERT_EQ(found.gpus.size(), recorded.gpus.size());
  for (std::size_t i = 0; i < found.gpus.size(); ++i) {
    EXPECT_EQ(found.gpus[i].name, recorded.gpus[i].name);
    EXPECT_EQ(found.gpus[i].compute_capability, recorded.gpus[i].compute_capability);
  }
  EXPECT_EQ(found.driver_version, recorded.driver_version);
  EXPECT_EQ(found.cuda_version, recorded.cuda_version);
  EXPECT_EQ(found.trt_version, recorded.trt_version);
  EXPECT_EQ(found.trt_runtime_available, recorded.trt_runtime_available);
  EXPECT_EQ(found.jetson_type, recorded.jetson_type);
  EXPECT_EQ(found.l4t_version, recorded.l4t_version);
  EXPECT_EQ(found.os_version, recorded.os_version);
  EXPECT_EQ(found.warnings, recorded.warnings);
}

TEST(RecordedMachines, ATeslaT4IsProbedAsRecorded) { expect_described(tesla_t4(), "tesla_t4"); }
TEST(RecordedMachines, AnL4IsProbedAsRecorded) { expect_described(l4(), "l4"); }
TEST(RecordedMachines, AJetsonOrinIsProbedAsRecorded) { expect_described(jetson_orin(), "jetson_orin"); }
TEST(RecordedMachines, AMachineWithoutAGpuIsProbedAsRecorded) { expect_described(cpu_only(), "cpu_only"); }

TEST(RecordedMachines, AJetsonInAContainerOfTheProjectKeepsItsL4tAndItsTensorRt) {
  FakeMachine machine = jetson_orin();
  machine.files.erase("/etc/nv_tegra_release");  // not made visible there
  machine.files.erase("/var/lib/dpkg/status");   // TensorRT's libraries were copied, its packages were not installed
  machine.environment.l4t_version = "36.4.3";
  const MachineDescription found = machine.probe();
  EXPECT_EQ(found.jetson_type, "nvidia-jetson-orin-nx");
  EXPECT_EQ(found.l4t_version, "36.4.3");
  EXPECT_EQ(found.trt_version, "10.3.0.30");
}

}  // namespace
}  // namespace inference_exp::runtime
