// Environments of processes.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace containerizer {

using Environment = std::map<std::string, std::string>;

// The environment of this process.
Environment own_environment();

// The value of a variable, or `fallback` where there is none.
std::string value_or(const Environment& environment, const std::string& name,
                     const std::string& fallback);

// NAME=value, each ended by a zero byte, as in /proc/PID/environ; and back.
std::string pack_environment(const Environment& environment);
Environment unpack_environment(const std::string& packed);

// NAME=value, as a program is started with.
std::vector<std::string> as_strings(const Environment& environment);

}  // namespace containerizer
