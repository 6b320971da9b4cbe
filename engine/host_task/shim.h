// The process that runs a plain process of the host and sees its end, so that its exit code
// outlives whoever asked for it.
#pragma once

#include "engine/host_task/directory.h"

namespace containerizer {

// Runs what the place's spec names: its words as the user, in the directory, with the environment
// and the output files that are given there. Returns when it has ended and nothing of what it
// started is left. `report` is closed once it runs, or once it is known why it cannot: then the
// place holds the reason. Does nothing when another keeper has come before.
//
// When the keeper itself is killed, the kernel kills the program. REQUIRES: one thread, and no
// child of ours yet; the process becomes the reaper of all that the program leaves.
void run_host_task(const HostTaskDirectory& place, Fd report);

}  // namespace containerizer
