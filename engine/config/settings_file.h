// The operator's settings file: environment.sh, a shell script that is read at every verb.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/result.h"

namespace containerizer {

// Makes the environment what environment.sh says, when there is one beside `called_as` (the path of
// this program as it was called) or beside a path that this is a symbolic link to. A file that only
// assigns words is read here, for sh would be most of what a verb costs (bench/run usage); any
// other is read by sh, which does not touch our standard input and output. refused: sh could not;
// the environment is as it was.
Status apply_settings_file(const std::string& called_as);

// The argument with which this program, started by that sh, prints its environment, packed.
extern const char* const print_environment;

using Assignments = std::vector<std::pair<std::string, std::string>>;

// What a script assigns when it does nothing but that: comments, and lines of `NAME=word` or
// `export NAME=word`, the word of plain characters and of quoted text in which nothing is expanded.
// Nothing for any other script: it takes sh to know what that means.
std::optional<Assignments> plain_assignments(std::string_view script);

}  // namespace containerizer
