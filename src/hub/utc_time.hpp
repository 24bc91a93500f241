// Moments as the files of the cache spell them.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace inference_exp::hub {

/// Tells the time; tests hand in their own.
using WallClock = std::function<std::chrono::system_clock::time_point()>;

/// UTC, ISO 8601, to the second: "2026-01-31T23:59:59Z".
[[nodiscard]] std::string format_time(std::chrono::system_clock::time_point time);
/// The reverse, also with a fraction of a second and with "+00:00"; nothing for another form.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_time(std::string_view text);

}  // namespace inference_exp::hub
