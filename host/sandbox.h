// Files of ours in a sandbox, which belongs to the task: whatever it plants there under our names
// is never followed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

// Opens `directory`/`name` for appending and reading, creating it, owned by the sandbox's owner
// (who is the task's user: the slave made it so). What is there and is not a plain file (a symbolic
// link, a pipe, a device, a second name of somebody else's file) is removed first, unopened.
// refused: it cannot be opened.
Result<Fd> open_sandbox_file(const std::string& directory, const std::string& name);

// The content of a plain file of at most 64 KiB below the sandbox, by a path of plain names;
// nothing when there is no such file, or a link stands in its place or on the way to it.
std::optional<std::string> read_sandbox_file(const std::string& directory, const std::string& path);

// Makes directories within the sandbox, owned by its owner. Nothing outside the sandbox is touched,
// whatever links it holds. refused: one cannot be made.
Status make_directories(const std::vector<std::string>& directories, const std::string& sandbox);

// Whether no link is part of the path from `base` down to `directory`. True when the directory, or
// one above it, is missing.
bool has_plain_way(const std::string& base, const std::string& directory);

// "uid:gid" of the directory's owner; "" when there is no such directory.
std::string owner_of(const std::string& directory);

}  // namespace containerizer
