#include "host/options.h"

#include <algorithm>
#include <utility>

namespace containerizer {

Result<std::vector<Option>> OptionReader::read(const std::string& argument) {
  if (!without_value_.empty())
    return std::vector{Option{std::exchange(without_value_, {}), argument}};
  if (argument.starts_with("--") && argument.size() > 2) return read_long(argument);
  if (argument.starts_with('-') && argument.size() > 1 && argument != "--") {
    return read_letters(std::string_view(argument).substr(1));
  }
  return Failure{Fault::not_found, "\"" + argument + "\" is not an option"};
}

Result<std::vector<Option>> OptionReader::read_long(const std::string& argument) {
  const auto equals = std::min(argument.find('='), argument.size());
  const auto name = argument.substr(0, equals);
  const auto is_switch = is_switch_(name);
  if (!is_switch.ok()) return is_switch.failure();
  if (equals < argument.size()) return std::vector{Option{name, argument.substr(equals + 1)}};
  if (is_switch.value()) return std::vector{Option{name, "true"}};
  without_value_ = name;
  return std::vector<Option>();
}

// Switches may share an argument, and the value of the last option may follow its letter.
Result<std::vector<Option>> OptionReader::read_letters(std::string_view letters) {
  std::vector<Option> options;
  while (!letters.empty()) {
    const std::string name{'-', letters.front()};
    const auto is_switch = is_switch_(name);
    if (!is_switch.ok()) return is_switch.failure();
    letters.remove_prefix(1);
    const bool has_equals = letters.starts_with('=');
    if (letters.empty() && !is_switch.value()) {
      without_value_ = name;
    } else if (is_switch.value() && !has_equals) {
      options.push_back({name, "true"});
    } else {
      options.push_back({name, std::string(letters.substr(has_equals ? 1 : 0))});
      break;
    }
  }
  return options;
}

std::optional<bool> parse_switch(std::string_view text) {
  for (const auto* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const auto* no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

}  // namespace containerizer
