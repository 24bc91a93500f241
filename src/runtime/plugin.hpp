// One backend plug-in: opened once per process, checked, never unloaded.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/backend.h"

namespace inference_exp::runtime {

/// A plug-in file and its table, or why it gave none.
struct Plugin {
  std::string name;
  std::filesystem::path file;
  const iexp_backend* backend = nullptr;
  std::string reason;  ///< when `backend` is null
};

/// Opens and checks; a file that was opened before is answered from memory, also after a failure. Thread-safe.
[[nodiscard]] const Plugin& load_plugin(const std::filesystem::path& file, std::string_view name);

/// Throws the exception class that belongs to `code`, with the plug-in's message and hint.
[[noreturn]] void throw_backend_error(std::int32_t code, const iexp_error& error, std::string_view backend);

/// An error to hand to a plug-in.
[[nodiscard]] iexp_error empty_error() noexcept;

}  // namespace inference_exp::runtime
