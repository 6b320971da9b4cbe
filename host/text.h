// Helper functions for text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/result.h"

namespace containerizer {

// `text` on one line, for logs, errors and terminals: each character that steers a terminal or
// reorders what it shows becomes a blank, bytes that are not UTF-8 become '?', blanks around the
// text go, and the text is cut behind `longest` bytes, between two characters.
std::string one_line(std::string_view text, std::size_t longest = 2000);

// The same for text of several lines, whose line ends stay. Nothing is cut.
std::string safe_lines(std::string_view text);

// `json` with an escape in place of each character that one_line() would replace.
// REQUIRES: it is JSON without blanks outside of its strings.
std::string safe_json(std::string_view json);

// `text` in quotes, on one line, with escapes as in JSON, at most 1 KiB long.
std::string in_quotes(std::string_view text);

// The same text without user names and passwords in URIs: "ftp://me:secret@host/" becomes
// "ftp://…@host/".
std::string without_logins(std::string_view text);

// Splits a line into words as a POSIX shell does (spaces, quotes, backslashes), but expands
// nothing. refused: a quote is not closed, or the line ends with a backslash.
Result<std::vector<std::string>> split_words(std::string_view line);

// Whether all bytes of `text` are characters in UTF-8.
bool is_utf8(std::string_view text);

// Returns whether all of `text` is an unsigned decimal number, and stores it in `number`.
bool to_number(std::string_view text, unsigned& number);

// The word of `words` that a person most probably meant by `typed`: the one that needs the fewest
// edits. "" if each needs more than a third of its letters.
std::string nearest_word(std::string_view typed, const std::vector<std::string>& words);

// Returns whether `text` contains `part`, ignoring the case of ASCII letters.
bool mentions(std::string_view text, std::string_view part);

}  // namespace containerizer
