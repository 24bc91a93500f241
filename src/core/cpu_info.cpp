#include "core/cpu_info.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

namespace inference_exp {

namespace fs = std::filesystem;

namespace {

std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return std::nullopt;
  return line;
}

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

/// Logical CPUs of one core name the same siblings.
std::size_t count_cores(std::span<const int> cpus, const fs::path& sys) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const fs::path topology = sys / "devices/system/cpu" / ("cpu" + std::to_string(cpu)) / "topology";
    cores.insert(first_line(topology / "thread_siblings_list").value_or("cpu " + std::to_string(cpu)));
  }
  return cores.size();
}

std::string cpu_model(const fs::path& proc) {
  std::ifstream stream(proc / "cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("model name") && !line.starts_with("Model")) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    if (value != std::string::npos) return line.substr(value);
  }
  return {};
}

/// "<quota> <period>" or "max <period>" of control groups v2.
std::optional<double> quota_v2(const fs::path& group) {
  const std::optional<std::string> line = first_line(group / "cpu.max");
  if (!line) return std::nullopt;
  std::istringstream text(*line);
  double quota = 0;
  double period = 0;
  if (!(text >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> quota_v1(const fs::path& group) {
  const std::optional<std::string> quota = first_line(group / "cpu.cfs_quota_us");
  const std::optional<std::string> period = first_line(group / "cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  const double value = std::strtod(quota->c_str(), nullptr);
  const double base = std::strtod(period->c_str(), nullptr);
  if (value <= 0 || base <= 0) return std::nullopt;
  return value / base;
}

/// The tightest quota of the process's own group and the groups above it.
std::optional<double> cpu_quota(const CpuInfoSources& sources) {
  const fs::path root = sources.sys / "fs/cgroup";
  std::optional<double> tightest;
  const auto consider = [&](std::optional<double> quota) {
    if (quota && (!tightest || *quota < *tightest)) tightest = quota;
  };
  std::ifstream groups(sources.proc / "self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "<id>:<controllers>:<path>"
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool v2 = controllers == ",,";
    if (!v2 && controllers.find(",cpu,") == std::string::npos) continue;
    const fs::path base = v2 ? root : root / "cpu";
    for (fs::path path = fs::path(line.substr(second + 1)).relative_path();; path = path.parent_path()) {
      consider(v2 ? quota_v2(base / path) : quota_v1(base / path));
      if (path.empty()) break;
    }
  }
  return tightest;
}

}  // namespace

CpuInfo cpu_info(std::span<const int> allowed, const CpuInfoSources& sources) {
  CpuInfo info{.model = cpu_model(sources.proc)};
  std::size_t logical = allowed.size();
  std::size_t physical = count_cores(allowed, sources.sys);
  if (allowed.empty()) logical = physical = std::max(1U, std::thread::hardware_concurrency());
  if (const std::optional<double> quota = cpu_quota(sources)) {
    const auto limit = static_cast<std::size_t>(std::clamp(std::ceil(*quota), 1.0, 65536.0));
    logical = std::min(logical, limit);
    physical = std::min(physical, limit);
  }
  info.logical_cores = static_cast<std::int32_t>(logical);
  info.physical_cores = static_cast<std::int32_t>(physical);
  return info;
}

CpuInfo cpu_info() {
  const std::vector<int> allowed = allowed_cpus();
  return cpu_info(allowed, {});
}

}  // namespace inference_exp
