// The operator's settings file: environment.sh, a shell script that every verb reads at its start.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/result.h"

namespace containerizer {

// Loads environment.sh into the environment of this process. `called_as` is the path by which this
// program was called. The file is searched beside that path, and, if it is a symbolic link, beside
// its target. If there is none, a program below /usr reads `installed_settings` instead. Success if
// there is no such file either.
//
// A file of plain assignments is read by this process, because a shell would be the largest part of
// a verb's cost (bench/run usage). Any other file is read by a child sh, which uses neither our
// standard input nor our standard output.
// refused: sh failed; the environment is unchanged.
Status apply_settings_file(const std::string& called_as);

// Where a package puts the settings.
extern const char* const installed_settings;

// The argument with which that sh starts this program, so that it prints its environment as
// pack_environment() writes it.
extern const char* const print_environment;

using Assignments = std::vector<std::pair<std::string, std::string>>;

// The assignments of a script that contains nothing else except comments. A line is `NAME=value` or
// `export NAME=value`. The value consists of plain characters and of quoted text in which sh
// expands nothing. For any other script the result is nothing: only sh can interpret it.
std::optional<Assignments> plain_assignments(std::string_view script);

}  // namespace containerizer
