// Programs that are run to their end while requests of other processes stay heard.
#pragma once

#include <functional>
#include <optional>

#include "engine/world.h"

namespace containerizer {

// Starts `program` and waits for its end. When that has not come at `latest`, or when
// `is_called_off` says so, which is asked before and whenever somebody wakes us, its process group
// is killed.
//
// Success: its waitpid status, nothing where that is not known. refused: it cannot be started.
// interrupted: it was called off. unavailable: its time was over.
Result<std::optional<int>> run_child(const World& world, const Program& program, Deadline latest,
                                     const std::function<bool()>& is_called_off);

}  // namespace containerizer
