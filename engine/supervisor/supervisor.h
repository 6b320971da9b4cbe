// The owner of one container's lifecycle. It runs the action of the state, commits the outcome, and
// repeats this until the container is gone. There is no recovery code: a successor compares the
// record with the daemon once, and continues from the recorded state.
#pragma once

#include <string>

#include "engine/container/life_lock.h"
#include "engine/supervisor/actions.h"

namespace containerizer {

// Runs the container's lifecycle to its end, and returns when the container is Gone (at once if it
// was before). Throws StoreError if the row is missing, or was changed by another process.
// REQUIRES: `lock` is owned.
void supervise(const Services& services, LifeLock& lock, const std::string& container_id);

}  // namespace containerizer
