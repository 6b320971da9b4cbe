// Functions that the operator's commands share: options, tables, output.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"

namespace containerizer {

// The container that a person means: its ID, a unique start of its ID or Docker ID, its Docker
// name, or the unique name of its task. not_found: there is none. conflict: there are several.
Result<store::Container> find_container(Invocation& invocation, const std::string& name);
// The help for such an argument.
inline constexpr const char* container_argument =
    "a container's ID or Docker ID (a unique start is enough), Docker name, or task name";

// Milliseconds since 1970 as local time.
std::string local_time(std::int64_t wall);
// A duration in one unit: "3.2 s", "5 min", "2 d".
std::string how_long(std::int64_t milliseconds);

// The rows as lines of aligned columns. The first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

// Prints to the original standard output, and ends the line. Returns the exit status.
int print(const Invocation& invocation, const std::string& text);
int print(const Invocation& invocation, const boost::json::value& value);

// How the container ended, in one line.
std::string describe(const store::Termination& termination);
// The same in two or three words: "exit 3", "SIGKILL", "oom", "pull failed".
std::string short_form(const store::Termination& termination);
// Whether the container ended in another way than by exit code 0 or as the slave requested.
bool is_failure(const store::Termination& termination);

boost::json::value to_json(const std::optional<std::string>& text);
boost::json::object to_json(const store::HistoryEntry& entry);
boost::json::object to_json(const store::Container& container);
boost::json::object to_json(const store::Termination& termination);

}  // namespace containerizer
