// What the commands for people share.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"

namespace containerizer {

// Whether an option stands in the arguments, which loses it.
bool take_option(std::vector<std::string>& arguments, const std::string& name);
// The value of --name=value, which is taken out.
std::optional<std::string> take_value(std::vector<std::string>& arguments, const std::string& name);

// Milliseconds since 1970 as local time.
std::string local_time(std::int64_t wall);
// How long, for people: "3.2 s", "5 min", "2 d".
std::string how_long(std::int64_t milliseconds);

// Columns as wide as their widest cell; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

// Prints to the original standard output; with an end of line.
int print(const Invocation& invocation, const std::string& text);
int print(const Invocation& invocation, const boost::json::value& value);

// For words that no command takes.
int refuse_arguments(const std::vector<std::string>& arguments);

// How a termination reads in one line.
std::string describe(const store::Termination& termination);

boost::json::value to_json(const std::optional<std::string>& text);
boost::json::object to_json(const store::HistoryEntry& entry);
boost::json::object to_json(const store::Container& container);
boost::json::object to_json(const store::Termination& termination);

}  // namespace containerizer
