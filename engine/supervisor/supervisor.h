// The owner of one container's lifecycle: does what each state asks for, commits what came of it,
// and so on until the container is gone. There is no recovery code: whoever takes over looks once
// at what is true, and goes on from the recorded state.
#pragma once

#include <string>

#include "engine/container/life_lock.h"
#include "engine/supervisor/actions.h"

namespace containerizer {

// Drives the container to its end. REQUIRES: `lock` is owned. Returns when the container is Gone
// (also when it was before). Throws StoreError when the row is not what an owner left there.
void supervise(const Services& services, LifeLock& lock, const std::string& container_id);

}  // namespace containerizer
