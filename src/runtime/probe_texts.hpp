// What the system's text files say about this machine. Pure functions over the files' contents.
//
// Contract: a text that does not say what is looked for gives nothing; no text makes these fail.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace inference_exp::runtime {

/// `/proc/driver/nvidia/version`: the first "a.b" or "a.b.c" of its first line.
[[nodiscard]] std::optional<std::string> parse_driver_version(std::string_view text);

/// `/etc/nv_tegra_release`: "# R36 (release), REVISION: 4.3, ..." is "36.4.3".
[[nodiscard]] std::optional<std::string> parse_l4t_release(std::string_view text);

/// `/etc/os-release`: NAME and VERSION_ID as "ubuntu-22.04"; only the name where a system has no version.
[[nodiscard]] std::optional<std::string> parse_os_release(std::string_view text);

/// `/var/lib/dpkg/status`: the version of the installed package whose name starts with `prefix`; the first by name
/// where there are several.
[[nodiscard]] std::optional<std::string> find_dpkg_version(std::string_view status, std::string_view prefix);

/// A board's name, as the device tree or a user spells it, to a kind such as "nvidia-jetson-orin-nx".
[[nodiscard]] std::optional<std::string> resolve_jetson_type(std::string_view board);

/// Lower case, blanks as '-': how names of GPUs, boards and systems are compared.
[[nodiscard]] std::string plain_name(std::string_view name);

}  // namespace inference_exp::runtime
