// Bounded JSON reading with errors that name file, key and what was expected.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace inference_exp {

using Json = nlohmann::json;

/// Deepest nesting that a package file may have.
inline constexpr std::size_t kMaxJsonDepth = 64;

/// Parses UTF-8 text, in time linear in its length. Throws CorruptedModelPackageError naming `file` and the place when
/// it is not JSON, nests deeper than kMaxJsonDepth or repeats a key within an object. Error messages stay short and
/// valid UTF-8 whatever the text.
[[nodiscard]] Json parse_json(std::string_view text, std::string_view file);

}  // namespace inference_exp
