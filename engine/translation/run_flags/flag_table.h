// The table of `docker run` flags: which field of POST /containers/create each one fills, and how.
// Facts: `docker run --help` of 28.2, Engine API 1.41. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/translation/run_flags/create_request.h"
#include "host/result.h"

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

}  // namespace containerizer
