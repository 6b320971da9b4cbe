// Kills a process tree like Mesos.
#pragma once

#include <sys/types.h>

namespace containerizer::player {

// Sends `signal` to `root`, to its descendants, and to every process that shares a process group or
// a session with one of them, repeatedly. Each process is stopped before the signal and continued
// after it. The caller's own group and session are not searched. With `even_if_gone`, the group and
// session of `root` are searched even if `root` no longer exists; otherwise nothing happens then.
void killtree(pid_t root, int signal, bool even_if_gone);

}  // namespace containerizer::player
