// The table of `docker run` flags: which field of the create request each one fills, and how.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/translation/run_flags/run_flags.h"

namespace containerizer {

struct FlagRow;

// Writes `value` to the row's target. refused: the text says what is wrong with the value. The
// caller prepends the flag's name.
using ApplyFlag = Status (*)(const FlagRow& row, const std::string& value, CreateRequest& request);

struct FlagRow {
  std::string_view name;    // the long name
  ApplyFlag apply;          // nullptr: the flag is rejected
  std::string_view target;  // a path as field() takes it; for a rejected flag, the reason
  char letter = '\0';       // the short name, if any
  bool is_switch = false;   // needs no value
};

// Finds a flag by its long name, or by an older alias of that. Returns nullptr if there is none.
const FlagRow* find_flag(std::string_view name);

// All flags, in the order of their names.
std::span<const FlagRow> all_flags();

// Finds a flag by its letter. Returns nullptr if there is none.
const FlagRow* find_flag(char letter);

// The network's name in a value of --network: "NAME", or "name=NAME,alias=…". refused: no name.
Result<std::string> network_name(const std::string& value);

// Checks applied flags against each other. refused: two of them contradict each other, or the
// network lacks what a flag needs; the text names the flag.
Status check_together(const std::vector<RunFlag>& flags, const CreateRequest& request);

}  // namespace containerizer
