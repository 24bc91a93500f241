// A package's view of a shared blob: a symbolic link, or the next best where there are none (loading.md, section 5.4).
//
// Contract: called by whoever holds the package's materialization lock; still, another process that puts the same link
// in place is no error. A regular file is never overwritten.
#pragma once

#include <filesystem>
#include <functional>
#include <system_error>

namespace inference_exp::hub {

/// Whether `path` itself is a symbolic link, whatever it leads to.
[[nodiscard]] bool is_link(const std::filesystem::path& path);

/// The system calls, replaceable so that file systems that refuse them can be tested.
struct LinkCalls {
  std::function<std::error_code(const std::filesystem::path& target, const std::filesystem::path& link)> symbolic{};
  std::function<std::error_code(const std::filesystem::path& target, const std::filesystem::path& link)> hard{};
};
/// symlink(2) and link(2).
[[nodiscard]] LinkCalls system_link_calls();

struct LinkOutcome {
  bool created = false;   ///< false: what was there is right, or is a regular file
  bool replaced = false;  ///< a link that led elsewhere or nowhere gave way
};

/// Makes `link`, whose folder exists, lead to `blob`, which exists and is absolute. Throws ModelCacheError.
LinkOutcome link_blob(const std::filesystem::path& blob, const std::filesystem::path& link,
                      const LinkCalls& calls = system_link_calls());

/// Whether `link` is a regular file of its own, or a link that leads to `blob`, which exists.
[[nodiscard]] bool leads_to_blob(const std::filesystem::path& link, const std::filesystem::path& blob);

}  // namespace inference_exp::hub
