// Splitting a command line as a shell would, and key=value words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace containerizer::player {

// Words are separated by blanks; single quotes, double quotes and backslashes protect blanks; an
// unprotected # at the start of a word ends the line. Nothing when a quote is left open.
std::optional<std::vector<std::string>> split_words(std::string_view line);

using KeyValue = std::pair<std::string, std::string>;

// "k=v" at the first =; the value is empty when there is none.
KeyValue split_at(std::string_view word, char separator);

// The rest of `text` after the last `separator` goes to .second; .first is empty when there is
// none.
KeyValue split_at_last(std::string_view text, char separator);

// Bytes from hexadecimal digits (blanks allowed between), nothing when it is not such.
std::optional<std::string> from_hex(std::string_view text);
std::string to_hex(std::string_view bytes);

}  // namespace containerizer::player
