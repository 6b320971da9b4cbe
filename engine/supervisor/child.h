// Runs a program until it exits, and still reacts to requests of other processes.
#pragma once

#include <functional>
#include <optional>

#include "engine/container/services.h"

namespace containerizer {

// Starts `program` and waits until it exits. Calls `is_cancelled` before the start, and whenever
// another process wakes us. Kills the program's process group when `is_cancelled` returns true, or
// at `latest`. The program, and what it starts, has a variable that belongs to the container.
//
// Success: the waitpid status; empty if it is unknown. refused: the program cannot be started.
// interrupted: it was cancelled. unavailable: it was killed at `latest`.
Result<std::optional<int>> run_child(const Services& services, const store::Container& container,
                                     Program program, Deadline latest,
                                     const std::function<bool()>& is_cancelled);

// Kills what such a program of a dead supervisor of this container has left running.
void end_leftovers(const Services& services, const store::Container& container);

}  // namespace containerizer
