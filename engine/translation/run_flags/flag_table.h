// The table of `docker run` flags: which field of the create request each one fills, and how.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/translation/run_flags/run_flags.h"

namespace containerizer {

struct FlagRow;

// Writes `value` where the row says. refused: the text says what is wrong with the value; the
// caller puts the flag's name before it.
using ApplyFlag = Status (*)(const FlagRow& row, const std::string& value, CreateRequest& request);

struct FlagRow {
  std::string_view name;    // the long name
  ApplyFlag apply;          // nullptr: the flag is refused
  std::string_view target;  // a path as field() takes it; of a refused flag, the reason
  char letter = '\0';       // the short name, if any
  bool is_switch = false;   // needs no value
};

// Finds a flag by its long name or an older alias of it; nullptr when there is none.
const FlagRow* find_flag(std::string_view name);

// All flags, in the order of their names.
std::span<const FlagRow> all_flags();

// Finds a flag by its letter; nullptr when there is none.
const FlagRow* find_flag(char letter);

// The name of the network that a value of --network asks for: "NAME", or "name=NAME,alias=…".
Result<std::string> network_name(const std::string& value);

// Why flags that were all applied do not go together, if so.
Status check_together(const std::vector<RunFlag>& flags, const CreateRequest& request);

}  // namespace containerizer
