#include "core/cpu_info.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;

/// A machine made of files.
class CpuInfoTest : public ::testing::Test {
 protected:
  CpuInfoTest() { write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Example CPU @ 3 GHz\n"); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  void set_siblings(int cpu, const std::string& siblings) const {
    write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list", siblings + "\n");
  }
  [[nodiscard]] CpuInfo look(const std::vector<int>& allowed) const {
    return cpu_info(allowed, {.sys = root_ / "sys", .proc = root_ / "proc"});
  }

 private:
  testing::TemporaryFolder root_;
};

TEST_F(CpuInfoTest, CountsHyperThreadsOfACoreOnce) {
  for (int cpu = 0; cpu < 4; ++cpu) set_siblings(cpu, cpu % 2 == 0 ? "0,2" : "1,3");
  const CpuInfo info = look({0, 1, 2, 3});
  EXPECT_EQ(info.model, "Example CPU @ 3 GHz");
  EXPECT_EQ(info.logical_cores, 4);
  EXPECT_EQ(info.physical_cores, 2);
}

TEST_F(CpuInfoTest, CountsOnlyWhatTheProcessMayUse) {
  for (int cpu = 0; cpu < 4; ++cpu) set_siblings(cpu, cpu % 2 == 0 ? "0,2" : "1,3");
  EXPECT_EQ(look({0, 2}).physical_cores, 1);
  EXPECT_EQ(look({0, 2}).logical_cores, 2);
  EXPECT_EQ(look({1, 2}).physical_cores, 2);
}

TEST_F(CpuInfoTest, WithoutTopologyEveryCpuIsACore) { EXPECT_EQ(look({0, 1, 2}).physical_cores, 3); }

TEST_F(CpuInfoTest, KeepsToTheQuotaOfItsControlGroup) {
  write("proc/self/cgroup", "0::/outer/inner\n");
  write("sys/fs/cgroup/outer/inner/cpu.max", "250000 100000\n");
  EXPECT_EQ(look({0, 1, 2, 3, 4, 5}).physical_cores, 3);  // 2.5, rounded up
  write("sys/fs/cgroup/outer/cpu.max", "100000 100000\n");
  EXPECT_EQ(look({0, 1, 2, 3, 4, 5}).physical_cores, 1);  // the group above is tighter
}

TEST_F(CpuInfoTest, AnUnlimitedQuotaLimitsNothing) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(look({0, 1}).physical_cores, 2);
}

TEST_F(CpuInfoTest, ReadsTheOlderControlGroups) {
  write("proc/self/cgroup", "5:memory:/job\n3:cpu,cpuacct:/job\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "200000\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(look({0, 1, 2, 3}).physical_cores, 2);
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(look({0, 1, 2, 3}).physical_cores, 4);
}

TEST_F(CpuInfoTest, NeverReportsLessThanOneCore) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "10000 100000\n");
  EXPECT_EQ(look({0, 1}).physical_cores, 1);
  EXPECT_GE(look({}).physical_cores, 1);
}

TEST(CpuInfo, DescribesThisMachine) {
  const CpuInfo info = cpu_info();
  EXPECT_GE(info.physical_cores, 1);
  EXPECT_GE(info.logical_cores, info.physical_cores);
}

}  // namespace
}  // namespace inference_exp
