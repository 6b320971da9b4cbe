// The shim of a host task: a process that runs the task's program and records its exit code, so
// that the exit code survives the death of the supervisor.
#pragma once

#include "engine/host_task/directory.h"

namespace containerizer {

// Runs the program that the task's spec names, with the arguments, environment, user and sandbox of
// the spec. Returns when the program has exited, everything that it started is gone, and its end is
// recorded.
//
// Closes `report` once the program runs. If the program cannot be started, the reason is recorded
// in the directory, and `report` is closed on return. Does nothing if another shim has run or runs
// the task.
//
// If the shim itself is killed, the kernel kills the program.
//
// REQUIRES: the process has one thread and no children. It becomes the subreaper of the program's
// descendants, and ignores SIGTERM from then on.
void run_host_task(const HostTaskDirectory& directory, Fd report);

}  // namespace containerizer
