// Text with values in it: `formatted("{} of {}", 1, 2)`. The compiler checks the text against the
// values.
#pragma once

#include <fmt/core.h>

#include <string>

namespace containerizer {

// The types are those of fmt, whose functions format.cpp contains.
std::string formatted_text(fmt::string_view text, fmt::format_args values);

// Source of the syntax of `text`: the documentation of fmt 9.
template <typename... Values>
std::string formatted(fmt::format_string<Values...> text, Values&&... values) {
  return formatted_text(text, fmt::make_format_args(values...));
}

}  // namespace containerizer
