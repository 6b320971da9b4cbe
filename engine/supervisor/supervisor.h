// The owner of one container's lifecycle. It runs the action of the state, commits the outcome, and
// repeats this until the container is gone. There is no recovery code: a successor compares the
// record with the daemon once, and continues from the recorded state.
#pragma once

#include <stdexcept>
#include <string>

#include "engine/container/life_lock.h"
#include "engine/supervisor/actions.h"

namespace containerizer {

// The container has no row.
class UnknownContainer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Before the descriptor of the lock, in the arguments of a `supervise` that this process becomes.
inline constexpr const char* lock_argument = "--lock=";

// Runs the container's lifecycle to its end, and returns when the container is Gone (at once if it
// was before). Goes on whatever fails meanwhile, and becomes the newer program if the database
// needs that. Throws UnknownContainer if the row was missing from the start.
// REQUIRES: `lock` is owned.
void supervise(const Services& services, LifeLock& lock, const std::string& container_id);

}  // namespace containerizer
