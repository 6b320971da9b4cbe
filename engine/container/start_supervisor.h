// Makes sure that a container has a supervisor. Any process may do so.
#pragma once

#include <string>

#include "engine/container/services.h"
#include "host/result.h"

namespace containerizer {

// Starts a supervisor if the container has none. Success means: at some moment during the call, a
// supervisor owned the container, or found that nothing was left to do. The supervisor is detached,
// so a slave that kills our process tree does not reach it. Closes the store.
// refused or unavailable: the supervisor could not be started.
Status ensure_supervisor(const Services& services, const std::string& container_id,
                         const std::string& sandbox);

// Makes the supervisor read the container's requests. Starts one if there is none. Closes the
// store. Failures are those of ensure_supervisor().
Status wake_supervisor(const Services& services, const std::string& container_id,
                       const std::string& sandbox);

// The supervisor's side: reports to the process that started it that it has taken the lock, or has
// nothing to do. `report` is the supervisor's original standard output, and is closed.
void report_ready(Fd report);

}  // namespace containerizer
