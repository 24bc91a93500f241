#include "runtime/machine_probe.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <fstream>
#include <string_view>
#include <utility>

#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "runtime/probe_texts.hpp"

namespace inference_exp::runtime {

namespace {

/// Far above the largest of them, dpkg's list of packages.
constexpr std::size_t kMaxFileSize = std::size_t{64} << 20;

/// In pieces, because files of /proc do not know their size.
std::optional<std::string> read_system_file(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text;
  std::array<char, 16384> piece{};
  while (stream && text.size() <= kMaxFileSize) {
    stream.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.eof() || stream.bad()) return std::nullopt;
  return text;
}

struct MajorMinor {
  std::int32_t major = 0;
  std::int32_t minor = 0;
  auto operator<=>(const MajorMinor&) const = default;  // NOLINT(modernize-use-nullptr): mistaken for a 0
};

/// CUDA's way to write a version as one number.
MajorMinor from_cuda_number(std::int32_t number) { return {number / 1000, number % 1000 / 10}; }

std::string text_of(MajorMinor version) { return std::to_string(version.major) + "." + std::to_string(version.minor); }

std::optional<MajorMinor> first_two_numbers(std::string_view version) {
  const std::size_t dot = version.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::optional<std::int32_t> major = parse_decimal(version.substr(0, dot));
  const std::string_view rest = version.substr(dot + 1);
  const std::optional<std::int32_t> minor = parse_decimal(rest.substr(0, rest.find_first_not_of("0123456789")));
  if (!major || !minor) return std::nullopt;
  return MajorMinor{*major, *minor};
}

/// TensorRT 10 gave its minor version a second digit.
std::string trt_version_text(const TensorRtLibrary& library) {
  const std::int32_t number = *library.version;
  const bool two_digits = number >= 100000;
  const MajorMinor version{two_digits ? number / 10000 : number / 1000,
                           two_digits ? number / 100 % 100 : number / 100 % 10};
  std::string text = text_of(version) + "." + std::to_string(number % 100);
  if (library.build) text += "." + std::to_string(*library.build);
  return text;
}

/// One run of the probe; reads dpkg's list at most once.
class Probe {
 public:
  Probe(const ProbeSources& sources, const ProbeEnvironment& environment)
      : sources_(sources), environment_(environment) {}

  MachineDescription run() {
    const std::optional<CudaDriver> driver = sources_.cuda_driver();
    if (driver) add_gpus(*driver);
    std::optional<std::string> jetson = jetson_type();
    const bool on_jetson = environment_.running_on_jetson.value_or(jetson.has_value());
    if (on_jetson) {
      machine_.jetson_type = std::move(jetson);
      machine_.l4t_version = l4t_version();
    } else {
      machine_.os_version = os_version();
    }
    refuse_orin_without_l4t();
    machine_.driver_version = driver_version();
    machine_.cuda_version = cuda_version(driver ? driver->version : std::nullopt);
    add_tensorrt(on_jetson);
    return std::move(machine_);
  }

 private:
  void add_gpus(const CudaDriver& driver) {
    for (const CudaDevice& device : driver.devices) {
      const bool known = device.cc_major > 0;
      machine_.gpus.push_back(
          {plain_name(device.name), known ? text_of({device.cc_major, device.cc_minor}) : std::string()});
    }
    if (driver.error == 0) return;
    machine_.warnings.push_back("CUDA's driver is installed but does not start (error " + std::to_string(driver.error) +
                                "): no GPU is used. Check it with nvidia-smi.");
  }

  [[nodiscard]] std::optional<std::string> jetson_type() const {
    if (const std::string& module = environment_.jetson_module; !module.empty()) {
      std::optional<std::string> type = resolve_jetson_type(module);
      if (type) return type;
      throw JetsonTypeResolutionError(
          "JETSON_MODULE is \"" + std::string(shorten(module, 80)) + "\", which is no known Jetson.",
          "Set it to a name such as \"NVIDIA Jetson Orin NX\", or unset it to let the device tree decide.");
    }
    const std::optional<std::string> board = sources_.read_file("/proc/device-tree/model");
    return board ? resolve_jetson_type(*board) : std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> l4t_version() const {
    if (!environment_.l4t_version.empty()) return environment_.l4t_version;
    const std::optional<std::string> release = sources_.read_file("/etc/nv_tegra_release");
    return release ? parse_l4t_release(*release) : std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> os_version() const {
    for (const char* file : {"/etc/os-release", "/usr/lib/os-release"}) {
      if (const std::optional<std::string> text = sources_.read_file(file)) return parse_os_release(*text);
    }
    return std::nullopt;
  }

  /// Engines for Orins are matched by L4T: without it every one would be ruled out for a wrong reason.
  void refuse_orin_without_l4t() const {
    const bool orin = std::ranges::find(machine_.gpus, "orin", &GpuDescription::name) != machine_.gpus.end();
    if (!orin || machine_.l4t_version) return;
    throw RuntimeIntrospectionError(
        "The GPU is a Jetson Orin's, but the version of L4T could not be found out.",
        "Set RUNNING_ON_JETSON=true, and L4T_VERSION (such as 36.4.3) where /etc/nv_tegra_release cannot be read, as "
        "in a container.");
  }

  [[nodiscard]] std::optional<std::string> driver_version() const {
    std::optional<std::string> version;
    if (const std::optional<std::string> text = sources_.read_file("/proc/driver/nvidia/version")) {
      version = parse_driver_version(*text);
    }
    return version ? version : machine_.l4t_version;  // older Jetsons have no such file: the driver is part of L4T
  }

  std::optional<std::string> cuda_version(std::optional<std::int32_t> driver_number) {
    std::optional<std::string> runtime;
    if (const std::optional<std::int32_t> number = sources_.cuda_runtime()) {
      runtime = text_of(from_cuda_number(*number));
    } else {
      runtime = find_dpkg_version(dpkg_status(), "cuda-cudart-");
    }
    const std::optional<MajorMinor> needed = runtime ? first_two_numbers(*runtime) : std::nullopt;
    if (!needed || !driver_number) return runtime;
    const MajorMinor served = from_cuda_number(*driver_number);
    if (*needed <= served) return runtime;
    machine_.warnings.push_back("CUDA " + text_of(*needed) + " is installed, but the driver serves CUDA " +
                                text_of(served) + " at most, which counts. Update the driver.");
    return text_of(served);
  }

  void add_tensorrt(bool on_jetson) {
    const std::optional<TensorRtLibrary> library = sources_.tensorrt();
    machine_.trt_runtime_available = library.has_value();
    if (library && library->version) machine_.trt_version = trt_version_text(*library);
    if (machine_.trt_version && !on_jetson) return;
    // Engines for Jetsons are labelled with the version of dpkg's package, which says more than the library.
    if (const std::optional<std::string> version = find_dpkg_version(dpkg_status(), "libnvinfer-bin")) {
      machine_.trt_version = version->substr(0, version->find("+cuda"));
    }
  }

  const std::string& dpkg_status() {
    if (!dpkg_status_) dpkg_status_ = sources_.read_file("/var/lib/dpkg/status").value_or("");
    return *dpkg_status_;
  }

  const ProbeSources& sources_;
  const ProbeEnvironment& environment_;
  MachineDescription machine_;
  std::optional<std::string> dpkg_status_;
};

}  // namespace

ProbeSources system_sources() {
  return {.read_file = read_system_file,
          .cuda_driver = [] { return ask_cuda_driver(); },
          .cuda_runtime = [] { return ask_cuda_runtime(); },
          .tensorrt = [] { return ask_tensorrt(); }};
}

MachineDescription probe_machine(const ProbeSources& sources, const ProbeEnvironment& environment) {
  return Probe(sources, environment).run();
}

const MachineDescription& machine() {
  static const MachineDescription instance = probe_machine(system_sources(), probe_environment());
  return instance;
}

}  // namespace inference_exp::runtime
