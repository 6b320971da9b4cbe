// Environment variables of processes.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace containerizer {

using Environment = std::map<std::string, std::string>;

// The environment of this process.
Environment own_environment();

// The value of a variable; `fallback` if it is not set. A variable that is set to "" has the value
// "".
std::string value_or(const Environment& environment, const std::string& name,
                     const std::string& fallback);

// Converts to and from the form of /proc/PID/environ: NAME=value, with a zero byte after each.
// Entries without "=" are dropped. If a name appears twice, the first value is kept.
std::string pack_environment(const Environment& environment);
Environment unpack_environment(const std::string& packed);

// NAME=value for each variable, as execve(2) expects them.
std::vector<std::string> as_strings(const Environment& environment);

}  // namespace containerizer
