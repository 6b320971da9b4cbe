// The operator's settings file: environment.sh, a shell script that is read at every verb.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/host/result.h"

namespace containerizer {

// Makes the environment what environment.sh says, when there is one beside `called_as` (the path of
// this program as it was called) or beside a path that this is a symbolic link to. A file that only
// assigns words is read here, for sh would be most of what a verb costs (bench/run usage). For any
// other, this process becomes sh, which reads the file and then starts `program` with the
// `arguments` it had: the function does not return. Standard input and output are left alone.
// `first_argument` stands before the arguments then, so that the file is read once.
// unavailable: sh cannot be started.
Status take_environment_file(const std::string& called_as, const std::string& first_argument,
                             const std::vector<std::string>& arguments);

using Assignments = std::vector<std::pair<std::string, std::string>>;

// What a script assigns when it does nothing but that: comments, and lines of `NAME=word` or
// `export NAME=word`, the word of plain characters and of quoted text in which nothing is expanded.
// Nothing for any other script: it takes sh to know what that means.
std::optional<Assignments> plain_assignments(std::string_view script);

}  // namespace containerizer
