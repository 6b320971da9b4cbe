// Functions that the operator's commands share: containers by name, output, JSON.
#pragma once

#include <boost/json/object.hpp>
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
// The same with everything that is recorded about it.
Result<store::Record> find_record(Invocation& invocation, const std::string& name);
// The help for such an argument.
inline constexpr const char* container_argument =
    "a container's ID or Docker ID (a unique start is enough), Docker name, or task name";

// Prints to the original standard output, and ends the line. Returns the exit status. If the reader
// has closed the output, the command ends without a message, as `head` expects.
int print(const Invocation& invocation, const std::string& text);
int print(const Invocation& invocation, const boost::json::value& value);
// The same for text that is safe for a terminal already.
int print_safe(const Invocation& invocation, const std::string& text);

// Reports that the output could not be written, by errno. Returns the exit status.
int output_failed();
// The text that print() writes for a value.
std::string safe_json_of(const boost::json::value& value);

// The first process of a container that may run; otherwise nothing, because another process may
// have that PID by now.
std::optional<pid_t> living_pid(const store::Container& container);

// --- JSON, as docs/json.md describes it

// An object with the version of the format.
boost::json::object document();

boost::json::value to_json(const std::optional<std::string>& text);
boost::json::value to_json(const std::optional<std::int64_t>& number);
// Milliseconds since 1970 in the form of RFC 3339.
boost::json::value time_to_json(const std::optional<std::int64_t>& wall);
boost::json::object to_json(const store::HistoryEntry& entry);
boost::json::object to_json(const store::Record& record);

}  // namespace containerizer
