// The way Mesos kills a process with everything around it.
#pragma once

#include <sys/types.h>

namespace containerizer::player {

// Sends `signal` to `root`, to its descendants, and to every process that shares a process group or
// a session with one of those, however far that leads; each is stopped before and continued after.
// The caller, and the members of its own group and session, are never reached through group or
// session. With `even_if_gone` the group and session that `root` led are followed though it no
// longer exists; otherwise nothing happens then.
void killtree(pid_t root, int signal, bool even_if_gone);

}  // namespace containerizer::player
