// Runs a program until it exits, and still reacts to requests of other processes.
#pragma once

#include <functional>
#include <optional>

#include "engine/container/services.h"

namespace containerizer {

// Starts `program` and waits until it exits. Calls `is_cancelled` before the start, and whenever
// another process wakes us. Kills the program's process group when `is_cancelled` returns true, or
// at `latest`.
//
// Success: the waitpid status; empty if it is unknown. refused: the program cannot be started.
// interrupted: it was cancelled. unavailable: it was killed at `latest`.
Result<std::optional<int>> run_child(const Services& services, const Program& program,
                                     Deadline latest, const std::function<bool()>& is_cancelled);

}  // namespace containerizer
