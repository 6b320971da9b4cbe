// Small helpers around text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/result.h"

namespace containerizer {

// `text` on one line, for logs, errors and terminals: control characters become blanks, blanks
// around it go, and beyond `longest` bytes it is cut.
std::string one_line(std::string_view text, std::size_t longest = 2000);

// Splits a line into words as a POSIX shell does (blanks, quotes, backslashes), without expanding
// anything. refused: a quote is not closed, or the line ends with a backslash.
Result<std::vector<std::string>> split_words(std::string_view line);

// Whether all of `text` is an unsigned decimal number, which is then stored in `number`.
bool to_number(std::string_view text, unsigned& number);

// Whether `text` contains `part`, ignoring the case of ASCII letters.
bool mentions(std::string_view text, std::string_view part);

}  // namespace containerizer
