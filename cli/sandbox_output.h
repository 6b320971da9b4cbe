// The task's stdout and stderr in its sandbox, for a person to read. The sandbox belongs to the
// task, so only regular files are read there.
#pragma once

#include <cstdint>
#include <string>

#include "host/fd.h"

namespace containerizer {

// The last line of the file that is not empty, and that neither this program nor Mesos has logged
// there; without characters that steer a terminal. "" if there is none.
std::string last_line_of(const std::string& sandbox, const std::string& name);

// Moves the position of a file to the start of its last `lines` lines.
void skip_to_tail(const Fd& file, std::int64_t lines);

}  // namespace containerizer
