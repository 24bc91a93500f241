// The processor, as far as this process may use it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace inference_exp {

struct CpuInfo {
  std::string model;                ///< such as "Intel(R) Xeon(R) Processor"; empty where unknown
  std::int32_t logical_cores = 1;   ///< in this process's affinity mask, at most what its cgroup's quota allows
  std::int32_t physical_cores = 1;  ///< the cores behind them: hyper-threads of one core count once
};

/// Looks each time, since affinity may change. At least one core, also where nothing can be found out.
[[nodiscard]] CpuInfo cpu_info();

/// Where cpu_info looks; tests name folders of their own.
struct CpuInfoSources {
  std::filesystem::path sys = "/sys";
  std::filesystem::path proc = "/proc";
};

/// What the logical CPUs `allowed` come to.
[[nodiscard]] CpuInfo cpu_info(std::span<const int> allowed, const CpuInfoSources& sources);

}  // namespace inference_exp
