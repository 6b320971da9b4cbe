// Files of ours in a sandbox, which belongs to the task: whatever it plants there under our names
// is never followed.
#pragma once

#include <string>

#include "engine/host/fd.h"
#include "engine/host/result.h"

namespace containerizer {

// Opens `directory`/`name` for appending and reading, creating it, owned by the sandbox's owner
// (who is the task's user: the slave made it so). What is there and is not a plain file (a symbolic
// link, a pipe, a second name of somebody else's file) is removed first. refused: it cannot be
// opened.
Result<Fd> open_sandbox_file(const std::string& directory, const std::string& name);

// "uid:gid" of the directory's owner; "" when there is no such directory.
std::string owner_of(const std::string& directory);

}  // namespace containerizer
