// Which paths of the host make a task root of the host when it mounts them. Pure.
#pragma once

#include <string>
#include <vector>

namespace containerizer {

// Whether a container that mounts `path` can become root of the host, or read what only root may:
// directories of programs and of the system's configuration, sockets of daemons, the kernel's own
// file systems, whatever contains one of these, and `own_places` of this program. A few files that
// many images need, such as /etc/localtime, may be mounted read-only.
bool makes_root(const std::string& path, bool is_read_only,
                const std::vector<std::string>& own_places);

}  // namespace containerizer
