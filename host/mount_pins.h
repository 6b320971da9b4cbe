// Names for directories and files that stay what they were when they were checked.
//
// A daemon looks up the source of a mount by its path, long after the path was checked. A task that
// owns a directory in the path can replace it by a link in between. A pin is another name for the
// file that was opened: a bind mount in a place that only the slave's user can change.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/result.h"

namespace containerizer {

// A file or a directory `path` that must lie below `base`, which no task can replace.
struct PinnedPath {
  std::string base;
  std::string path;
  // Whether the path without links, to which `path` leads, is allowed; empty for any.
  std::function<bool(const std::string&)> is_allowed = {};
};

// Opens each path below its base, and gives it a name in `place`, which is made for that: a mount
// of its own, so that a process which does not see it finds nothing at those names. Links are
// followed as long as they stay below the base. Directories that are missing are made.
//
// Success: the name of each path. Empty when the kernel does not allow mounts: the slave's user is
// not root; the paths have been checked only. refused: a path leads out of its base or to a path
// that is not allowed, or cannot be opened; the text names it.
Result<std::map<std::string, std::string>> pin_paths(const std::string& place,
                                                     const std::vector<PinnedPath>& paths);

// Whether the process that listens on a unix socket sees the names in `place`. True when that is
// not known: a process that does not see them finds nothing there.
bool sees_pins(const std::string& socket, const std::string& place);

// Takes all names in `place` away. Whoever has mounted one already keeps it. Nothing happens when
// there is no such place.
void drop_pins(const std::string& place);

}  // namespace containerizer
