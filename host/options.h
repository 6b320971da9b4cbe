// Options of a command line, split as the docker command splits them (Go's package pflag). Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/result.h"

namespace containerizer {

struct Option {
  std::string name;   // with its dashes, as written: "--env" or "-e"
  std::string value;  // "true" for a switch without a value
};

// Splits arguments into options, one argument at a time. It accepts these forms:
//
//   --name=value   --name value   --switch   --switch=value
//   -nvalue   -n=value   -n value   -s   -s=value   -st (two switches)   -snvalue
class OptionReader {
 public:
  // Returns whether the option is a switch, which needs no value. A failure means that there is no
  // such option.
  using IsSwitch = std::function<Result<bool>(const std::string& name)>;

  explicit OptionReader(IsSwitch is_switch) : is_switch_(std::move(is_switch)) {}

  // The name of the option whose value is the next argument, whatever that contains; "" for none.
  const std::string& without_value() const { return without_value_; }

  // Returns the options that this argument completes, in their order; none when a value has to
  // follow. not_found: the argument is neither an option nor the value of one. Other failures are
  // those of `is_switch`.
  Result<std::vector<Option>> read(const std::string& argument);

 private:
  Result<std::vector<Option>> read_long(const std::string& argument);
  Result<std::vector<Option>> read_letters(std::string_view letters);

  IsSwitch is_switch_;
  std::string without_value_;
};

// The value of a switch: true, t, 1, false, f, 0, and those in upper case or capitalized that Go
// accepts. Empty for any other text.
std::optional<bool> parse_switch(std::string_view text);

}  // namespace containerizer
