#include "runtime/probe_texts.hpp"

#include <gtest/gtest.h>

namespace inference_exp::runtime {
namespace {

TEST(ParseDriverVersion, IsTheFirstVersionOfTheFirstLine) {
  EXPECT_EQ(parse_driver_version("NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86  today"), "570.86");
  EXPECT_EQ(parse_driver_version("1.2.3.4"), "1.2.3");
  EXPECT_EQ(parse_driver_version("x86_64 7. 8.9"), "8.9");
  for (const char* text : {"", "\n535.104.05", "no version", "64", "7.", "."}) {
    EXPECT_EQ(parse_driver_version(text), std::nullopt) << text;
  }
}

TEST(ParseL4tRelease, JoinsReleaseAndRevision) {
  EXPECT_EQ(parse_l4t_release("# R32 (release), REVISION: 7.1, GCID: 29818004"), "32.7.1");
  EXPECT_EQ(parse_l4t_release("# a comment\n# Release R36 (release), REVISION: 4.3"), "36.4.3");
  for (const char* text : {"", "R36", "REVISION: 4.3", "R (release), REVISION: 4.3", "# R36, REVISION: none"}) {
    EXPECT_EQ(parse_l4t_release(text), std::nullopt) << text;
  }
}

TEST(ParseOsRelease, JoinsNameAndVersion) {
  EXPECT_EQ(parse_os_release("NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"), "debian-gnu/linux-12");
  EXPECT_EQ(parse_os_release("VERSION_ID='41'\r\nNAME=Fedora\r\n"), "fedora-41");
  EXPECT_EQ(parse_os_release("PRETTY_NAME=\"Other 1\"\nNAME=\"Arch Linux\""), "arch-linux");
  EXPECT_EQ(parse_os_release("VERSION_ID=\"22.04\""), std::nullopt);
  EXPECT_EQ(parse_os_release(""), std::nullopt);
}

TEST(FindDpkgVersion, OfInstalledPackagesOnly) {
  constexpr std::string_view kStatus =
      "Package: libnvinfer-bin\nStatus: deinstall ok config-files\nVersion: 8.5.2-1+cuda11.4\n\n"
      "Package: libnvinfer10\nStatus: install ok installed\nVersion: 10.3.0.30-1+cuda12.5\n\n"
      "Package: half\nStatus: install ok half-installed\nVersion: 1\n\n"
      "Package: last\nVersion: 2\nStatus: hold ok installed";
  EXPECT_EQ(find_dpkg_version(kStatus, "libnvinfer-bin"), std::nullopt);
  EXPECT_EQ(find_dpkg_version(kStatus, "libnvinfer"), "10.3.0.30-1+cuda12.5");
  EXPECT_EQ(find_dpkg_version(kStatus, "half"), std::nullopt);
  EXPECT_EQ(find_dpkg_version(kStatus, "last"), "2");
  EXPECT_EQ(find_dpkg_version("", "last"), std::nullopt);
}

TEST(ResolveJetsonType, ByTheBeginningOfTheBoardsName) {
  const auto expect = [](std::string_view board, std::string_view type) {
    EXPECT_EQ(resolve_jetson_type(board), type) << board;
  };
  expect("NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super", "nvidia-jetson-orin-nano");
  expect("NVIDIA Jetson Orin NX", "nvidia-jetson-orin-nx");
  expect("NVIDIA Jetson AGX Orin Developer Kit", "nvidia-jetson-agx-orin");
  expect("NVIDIA Jetson IGX Orin", "nvidia-jetson-igx-orin");
  expect("NVIDIA Jetson Xavier NX Developer Kit", "nvidia-jetson-xavier-nx");
  expect("NVIDIA Jetson AGX Xavier Industrial Module", "nvidia-jetson-agx-xavier-industrial");
  expect("NVIDIA Jetson AGX Xavier", "nvidia-jetson-agx-xavier");
  expect("NVIDIA Jetson Nano Developer Kit", "nvidia-jetson-nano");
  expect("NVIDIA Jetson TX2", "nvidia-jetson-tx2");
  expect(" nvidia-jetson-orin-nx ", "nvidia-jetson-orin-nx");
  for (const char* board : {"", "NVIDIA", "NVIDIA Jetson", "The NVIDIA Jetson Nano", "NVIDIA Jetson Thor"}) {
    EXPECT_EQ(resolve_jetson_type(board), std::nullopt) << board;
  }
}

TEST(PlainName, IsLowerCaseWithoutBlanks) {
  EXPECT_EQ(plain_name("NVIDIA A100-SXM4-40GB"), "nvidia-a100-sxm4-40gb");
  EXPECT_EQ(plain_name(std::string_view("Orin\0\0", 6)), "orin");
  EXPECT_EQ(plain_name(""), "");
}

}  // namespace
}  // namespace inference_exp::runtime
