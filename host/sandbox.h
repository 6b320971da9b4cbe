// Our files in a sandbox. The sandbox belongs to the task, which can create anything there under
// the names that we use. These functions never follow or open such a thing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

// Opens `directory`/`name` for appending and reading. Creates it if it does not exist. The file
// then belongs to the owner of the sandbox, which is the task's user (the slave has set it). A
// symbolic link, a pipe, a device, or a hard link to another user's file is removed first, without
// being opened. The caller owns the descriptor. refused: the file cannot be opened.
Result<Fd> open_sandbox_file(const std::string& directory, const std::string& name);

// Renames `directory`/`name` to `name`.1, `name`.1 to `name`.2, and so on. Removes the file after
// number `keep`. A file whose next number is taken by a directory keeps its name.
void rotate_sandbox_file(const std::string& directory, const std::string& name, int keep);

// Opens `directory`/`name` for reading. not_found: there is no such file. refused: it is not a
// regular file, or cannot be opened.
Result<Fd> read_only_sandbox_file(const std::string& directory, const std::string& name);

// The content of a regular file in the sandbox, cut after 64 KiB. `path` is relative and must not
// contain "..". Empty if there is no such file, or if any part of the path is a symbolic link.
std::optional<std::string> read_sandbox_file(const std::string& directory, const std::string& path);

// Returns where each of these paths within the sandbox (absolute paths) leads to: a path without
// links. What exists there stays as it is: a directory, a file, a pipe or a socket. A link may lead
// elsewhere within the sandbox. Where nothing exists, creates a directory with its parents, owned
// by the sandbox's owner; no link is followed then. Nothing outside the sandbox is touched.
// refused: a path is not within the sandbox, a link leads out of it, a device is there, or a
// directory cannot be created; the paths before it exist.
Result<std::map<std::string, std::string>> find_or_make(const std::vector<std::string>& paths,
                                                        const std::string& sandbox);

// Whether no link is part of the path from `base` down to `directory`. True when the directory, or
// one above it, is missing.
bool has_plain_way(const std::string& base, const std::string& directory);

// The owner of a directory as "UID:GID"; "" if the directory does not exist.
std::string owner_of(const std::string& directory);

}  // namespace containerizer
