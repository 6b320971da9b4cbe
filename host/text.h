// Helper functions for text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/result.h"

namespace containerizer {

// Makes one line of `text`, for logs, errors and terminals. Replaces control characters with
// spaces, removes spaces at both ends, and cuts the line after `longest` bytes (a cut line ends
// with "…").
std::string one_line(std::string_view text, std::size_t longest = 2000);

// Splits a line into words as a POSIX shell does (spaces, quotes, backslashes), but expands
// nothing. refused: a quote is not closed, or the line ends with a backslash.
Result<std::vector<std::string>> split_words(std::string_view line);

// Returns whether all of `text` is an unsigned decimal number, and stores it in `number`.
bool to_number(std::string_view text, unsigned& number);

// Returns whether `text` contains `part`, ignoring the case of ASCII letters.
bool mentions(std::string_view text, std::string_view part);

}  // namespace containerizer
