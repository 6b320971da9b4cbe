// Functions that the operator's commands share: options, tables, output.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"

namespace containerizer {

// Removes an option from the arguments. Returns whether it was there.
bool take_option(std::vector<std::string>& arguments, const std::string& name);
// Removes NAME=VALUE from the arguments, where `name` is an option, and returns VALUE. Nothing if
// it was not there.
std::optional<std::string> take_value(std::vector<std::string>& arguments, const std::string& name);

// Milliseconds since 1970 as local time.
std::string local_time(std::int64_t wall);
// A duration in one unit: "3.2 s", "5 min", "2 d".
std::string how_long(std::int64_t milliseconds);

// The rows as lines of aligned columns. The first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

// Prints to the original standard output, and ends the line. Returns the exit status.
int print(const Invocation& invocation, const std::string& text);
int print(const Invocation& invocation, const boost::json::value& value);

// Reports the first argument as unknown. Returns the exit status. REQUIRES: there is one.
int refuse_arguments(const std::vector<std::string>& arguments);

// How the container ended, in one line.
std::string describe(const store::Termination& termination);

boost::json::value to_json(const std::optional<std::string>& text);
boost::json::object to_json(const store::HistoryEntry& entry);
boost::json::object to_json(const store::Container& container);
boost::json::object to_json(const store::Termination& termination);

}  // namespace containerizer
