#include "runtime/machine_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "inference_exp/errors.hpp"
#include "runtime/fake_machine.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kDriverFile = "/proc/driver/nvidia/version";
const std::string kTegraFile = "/etc/nv_tegra_release";
const std::string kBoardFile = "/proc/device-tree/model";
const std::string kDpkgFile = "/var/lib/dpkg/status";

const std::string kDriver =
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n"
    "GCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n";
const std::string kTegra =
    "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC "
    "2025\n"
    "TARGET_USERSPACE_LIB_DIR=nvidia\n";
const std::string kUbuntu = "PRETTY_NAME=\"Ubuntu 22.04.4 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nID=ubuntu\n";
const std::string kBoard("NVIDIA Jetson Orin NX Engineering Reference Developer Kit\0", 58);

FakeMachine server() {
  FakeMachine machine;
  machine.files = {{kDriverFile, kDriver}, {"/etc/os-release", kUbuntu}};
  machine.driver = {.devices = {{"Tesla T4", 7, 5}, {"NVIDIA L4", 8, 9}}, .version = 12020};
  machine.cuda_runtime = 12020;
  machine.tensorrt = {.version = 100300, .build = 30};
  return machine;
}

FakeMachine jetson() {
  FakeMachine machine;
  machine.files = {{kTegraFile, kTegra},
                   {kBoardFile, kBoard},
                   {"/etc/os-release", kUbuntu},
                   {kDpkgFile, dpkg_entry("libnvinfer-bin", "10.3.0.30-1+cuda12.5")}};
  machine.driver = {.devices = {{"Orin", 8, 7}}, .version = 12060};
  machine.cuda_runtime = 12060;
  machine.tensorrt = {.version = 100300, .build = 30};
  return machine;
}

TEST(MachineProbe, KnowsNothingOfAMachineWithNothing) {
  const MachineDescription machine = FakeMachine().probe();
  EXPECT_THAT(machine.gpus, IsEmpty());
  EXPECT_EQ(machine.driver_version, std::nullopt);
  EXPECT_EQ(machine.cuda_version, std::nullopt);
  EXPECT_EQ(machine.trt_version, std::nullopt);
  EXPECT_FALSE(machine.trt_runtime_available);
  EXPECT_EQ(machine.jetson_type, std::nullopt);
  EXPECT_EQ(machine.l4t_version, std::nullopt);
  EXPECT_EQ(machine.os_version, std::nullopt);
  EXPECT_THAT(machine.warnings, IsEmpty());
}

TEST(MachineProbe, DescribesAServer) {
  const MachineDescription machine = server().probe();
  ASSERT_EQ(machine.gpus.size(), 2U);
  EXPECT_EQ(machine.gpus[0].name, "tesla-t4");
  EXPECT_EQ(machine.gpus[0].compute_capability, "7.5");
  EXPECT_EQ(machine.gpus[1].name, "nvidia-l4");
  EXPECT_EQ(machine.gpus[1].compute_capability, "8.9");
  EXPECT_EQ(machine.driver_version, "535.104.05");
  EXPECT_EQ(machine.cuda_version, "12.2");
  EXPECT_EQ(machine.trt_version, "10.3.0.30");
  EXPECT_TRUE(machine.trt_runtime_available);
  EXPECT_EQ(machine.jetson_type, std::nullopt);
  EXPECT_EQ(machine.l4t_version, std::nullopt);
  EXPECT_EQ(machine.os_version, "ubuntu-22.04");
  EXPECT_THAT(machine.warnings, IsEmpty());
}

TEST(MachineProbe, DescribesAJetson) {
  const MachineDescription machine = jetson().probe();
  ASSERT_EQ(machine.gpus.size(), 1U);
  EXPECT_EQ(machine.gpus[0].name, "orin");
  EXPECT_EQ(machine.gpus[0].compute_capability, "8.7");
  EXPECT_EQ(machine.jetson_type, "nvidia-jetson-orin-nx");
  EXPECT_EQ(machine.l4t_version, "36.4.3");
  EXPECT_EQ(machine.os_version, std::nullopt) << "L4T says more";
  EXPECT_EQ(machine.driver_version, "36.4.3") << "no driver file: the driver is part of L4T";
  EXPECT_EQ(machine.trt_version, "10.3.0.30-1") << "dpkg's version carries the post-release";
}

TEST(MachineProbe, TheDriverFileCountsOnJetsonsTooWhereThereIsOne) {
  FakeMachine machine = jetson();
  machine.files[kDriverFile] = "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build\n";
  EXPECT_EQ(machine.probe().driver_version, "540.4.0");
}

TEST(MachineProbe, OnlyTheFirstLineOfTheDriverFileCounts) {
  FakeMachine machine = server();
  machine.files[kDriverFile] = "NVRM version: unknown\nGCC version: 11.4.0\n";
  EXPECT_EQ(machine.probe().driver_version, std::nullopt);
}

TEST(MachineProbe, OfCudasRuntimeAndDriverTheOlderCounts) {
  FakeMachine machine = server();
  machine.driver->version = 12080;
  EXPECT_EQ(machine.probe().cuda_version, "12.2");
  EXPECT_THAT(machine.probe().warnings, IsEmpty());

  machine.cuda_runtime = 13000;
  EXPECT_EQ(machine.probe().cuda_version, "12.8");
  EXPECT_THAT(machine.probe().warnings,
              ElementsAre(HasSubstr("CUDA 13.0 is installed, but the driver serves CUDA 12.8")));
}

TEST(MachineProbe, TakesCudasVersionFromDpkgWhereItsRuntimeDoesNotOpen) {
  FakeMachine machine = server();
  machine.cuda_runtime = std::nullopt;
  machine.driver->version = 12060;
  machine.files[kDpkgFile] = dpkg_entry("cuda-cudart-dev-12-6", "12.6.68-1") +
                             dpkg_entry("cuda-cudart-12-4", "12.4.1-1", "deinstall ok config-files") +
                             dpkg_entry("cuda-cudart-12-6", "12.6.77-1") + dpkg_entry("curl", "7.81.0");
  EXPECT_EQ(machine.probe().cuda_version, "12.6.77-1") << "installed, and the first by name";
  EXPECT_THAT(machine.probe().warnings, IsEmpty()) << "compared by the first two numbers";

  machine.driver->version = 12040;
  EXPECT_EQ(machine.probe().cuda_version, "12.4");
  EXPECT_THAT(machine.probe().warnings, ElementsAre(HasSubstr("12.6")));
}

TEST(MachineProbe, ADriverAloneIsNoCuda) {
  FakeMachine machine = server();
  machine.cuda_runtime = std::nullopt;
  EXPECT_EQ(machine.probe().cuda_version, std::nullopt);
}

TEST(MachineProbe, WarnsOfADriverThatDoesNotStart) {
  FakeMachine machine = server();
  machine.driver = CudaDriver{.devices = {}, .version = 12020, .error = 803};
  EXPECT_THAT(machine.probe().gpus, IsEmpty());
  EXPECT_THAT(machine.probe().warnings, ElementsAre(HasSubstr("803")));
}

TEST(MachineProbe, KeepsGpusInOrderWhereOneDoesNotAnswer) {
  FakeMachine machine = server();
  machine.driver->devices.insert(machine.driver->devices.begin(), CudaDevice{});
  const MachineDescription description = machine.probe();
  ASSERT_EQ(description.gpus.size(), 3U);
  EXPECT_EQ(description.gpus[0].name, "");
  EXPECT_EQ(description.gpus[0].compute_capability, "");
  EXPECT_EQ(description.gpus[1].name, "tesla-t4");
}

TEST(MachineProbe, ReadsBothWaysInWhichTensorRtCountsVersions) {
  FakeMachine machine = server();
  machine.tensorrt = {.version = 101303, .build = std::nullopt};
  EXPECT_EQ(machine.probe().trt_version, "10.13.3");
  machine.tensorrt = {.version = 8601, .build = std::nullopt};
  EXPECT_EQ(machine.probe().trt_version, "8.6.1");
}

TEST(MachineProbe, OnServersTheLibrarysVersionOfTensorRtGoesFirst) {
  FakeMachine machine = server();
  machine.files[kDpkgFile] = dpkg_entry("libnvinfer-bin", "10.9.0.34-1+cuda12.8");
  EXPECT_EQ(machine.probe().trt_version, "10.3.0.30");

  machine.tensorrt = std::nullopt;
  EXPECT_EQ(machine.probe().trt_version, "10.9.0.34-1");
  EXPECT_FALSE(machine.probe().trt_runtime_available);
}

TEST(MachineProbe, OnJetsonsWithoutDpkgTheLibrarySays) {
  FakeMachine machine = jetson();
  machine.files.erase(kDpkgFile);
  EXPECT_EQ(machine.probe().trt_version, "10.3.0.30");
}

TEST(MachineProbe, VariablesGoBeforeFiles) {
  FakeMachine machine = jetson();
  machine.environment.jetson_module = "NVIDIA Jetson AGX Orin Developer Kit";
  machine.environment.l4t_version = "35.4.1";
  EXPECT_EQ(machine.probe().jetson_type, "nvidia-jetson-agx-orin");
  EXPECT_EQ(machine.probe().l4t_version, "35.4.1");
}

TEST(MachineProbe, ACallerMaySayThatThisIsAJetson) {
  FakeMachine machine = jetson();
  machine.files.erase(kBoardFile);
  machine.environment.running_on_jetson = true;
  EXPECT_EQ(machine.probe().jetson_type, std::nullopt);
  EXPECT_EQ(machine.probe().l4t_version, "36.4.3");
}

TEST(MachineProbe, ACallerMaySayThatThisIsNoJetson) {
  FakeMachine machine = jetson();
  machine.driver->devices[0].name = "NVIDIA Tegra X2";
  machine.environment.running_on_jetson = false;
  const MachineDescription description = machine.probe();
  EXPECT_EQ(description.jetson_type, std::nullopt);
  EXPECT_EQ(description.l4t_version, std::nullopt);
  EXPECT_EQ(description.os_version, "ubuntu-22.04");
}

TEST(MachineProbe, OffJetsonsL4tDoesNotCount) {
  FakeMachine machine = server();
  machine.files[kTegraFile] = kTegra;
  machine.environment.l4t_version = "36.4.3";
  EXPECT_EQ(machine.probe().l4t_version, std::nullopt);
}

TEST(MachineProbe, AnOrinWithoutL4tIsRefused) {
  FakeMachine machine = jetson();
  machine.files.erase(kTegraFile);
  try {
    (void)machine.probe();
    FAIL() << "not refused";
  } catch (const RuntimeIntrospectionError& error) {
    EXPECT_THAT(error.hint(), HasSubstr("RUNNING_ON_JETSON"));
    EXPECT_THAT(error.hint(), HasSubstr("L4T_VERSION"));
  }
  machine.environment.l4t_version = "36.4.3";
  EXPECT_EQ(machine.probe().l4t_version, "36.4.3");
}

TEST(MachineProbe, AnUnknownModuleInTheEnvironmentIsRefused) {
  FakeMachine machine = server();
  machine.environment.jetson_module = "Raspberry Pi 5";
  try {
    (void)machine.probe();
    FAIL() << "not refused";
  } catch (const JetsonTypeResolutionError& error) {
    EXPECT_THAT(error.message(), HasSubstr("JETSON_MODULE is \"Raspberry Pi 5\""));
  }
}

TEST(MachineProbe, AnUnknownBoardInTheDeviceTreeIsNoJetson) {
  FakeMachine machine = server();
  machine.files[kBoardFile] = std::string("Raspberry Pi 5 Model B Rev 1.0\0", 31);
  EXPECT_EQ(machine.probe().jetson_type, std::nullopt);
  EXPECT_EQ(machine.probe().os_version, "ubuntu-22.04");
}

TEST(MachineProbe, LooksWhereOsReleaseReallyIs) {
  FakeMachine machine;
  machine.files["/usr/lib/os-release"] = kUbuntu;
  EXPECT_EQ(machine.probe().os_version, "ubuntu-22.04");
}

TEST(MachineProbe, ThisMachineIsProbedOnce) {
  try {
    EXPECT_EQ(&machine(), &machine());
  } catch (const RuntimeIntrospectionError&) {
    GTEST_SKIP() << "this machine needs variables to be probed";
  }
}

TEST(MachineProbe, ReadsRealFilesAlsoThoseOfProc) {
  const ProbeSources sources = system_sources();
  EXPECT_THAT(sources.read_file("/proc/self/status").value_or(""), HasSubstr("Pid:"));
  EXPECT_EQ(sources.read_file("/proc/self/no such file"), std::nullopt);
  EXPECT_EQ(sources.read_file("/proc/self"), std::nullopt);
}

}  // namespace
}  // namespace inference_exp::runtime
