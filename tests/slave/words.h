// Splits a command line like a shell, and key=value words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace containerizer::player {

// Words are separated by spaces. Single quotes, double quotes and backslashes protect spaces. An
// unprotected # at the start of a word ends the line. Empty if a quote is not closed.
std::optional<std::vector<std::string>> split_words(std::string_view line);

using KeyValue = std::pair<std::string, std::string>;

// Splits "k=v" at the first =. Without one, the value is empty.
KeyValue split_at(std::string_view word, char separator);

// Splits `text` at the last `separator`. Without one, .first is empty.
KeyValue split_at_last(std::string_view text, char separator);

// Bytes from hexadecimal digits, which spaces may separate. Empty if there are other characters.
std::optional<std::string> from_hex(std::string_view text);
std::string to_hex(std::string_view bytes);

}  // namespace containerizer::player
