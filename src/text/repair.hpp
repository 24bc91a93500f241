// Repair of text that went through the wrong hands, after ftfy's fix_text() with its default settings.
#pragma once

#include <string>
#include <string_view>

namespace inference_exp::text {

/// Line by line: HTML entities (unless a "<" came before), UTF-8 that was read as Latin-1 or Windows-1252, control
/// characters of Windows, ligatures, wide and narrow forms, curly quotes, line ends, escape sequences of terminals,
/// control characters, composed form; until nothing changes.
[[nodiscard]] std::u32string repair(std::u32string_view text);

/// Text whose every character was a byte of UTF-8 before it was read as Latin-1 or Windows-1252, as it was before;
/// other text unchanged. Narrower than ftfy, which also weighs other encodings and repairs parts of a line: this
/// changes only lines that are such bytes as a whole and hold a sequence that no language writes.
[[nodiscard]] std::u32string undo_mojibake(std::u32string_view text);

}  // namespace inference_exp::text
