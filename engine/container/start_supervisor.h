// Makes sure that a container has a supervisor. Any process may do so.
#pragma once

#include <string>
#include <vector>

#include "engine/container/services.h"
#include "host/result.h"

namespace containerizer {

// A container that must have a supervisor.
struct Supervised {
  std::string container_id;
  std::string sandbox;
};

// Starts a supervisor if the container has none. Success means: at some moment during the call, a
// supervisor owned the container, or found that nothing was left to do. The supervisor is detached,
// so a slave that kills our process tree does not reach it. Closes the store.
// refused or unavailable: the supervisor could not be started.
Status ensure_supervisor(const Services& services, const std::string& container_id,
                         const std::string& sandbox);

// Does the same for several containers, whose supervisors start at once. Returns one status for
// each container, in their order.
std::vector<Status> ensure_supervisors(const Services& services,
                                       const std::vector<Supervised>& containers);

// Runs the command `start-supervisors` in one systemd scope, until it ends or takes longer than
// systemd may. It starts all missing supervisors there. Nothing is lost if it does not.
void start_supervisors_in_one_scope(const Services& services);

// Makes the supervisor read the container's requests. Starts one if there is none. Closes the
// store. Failures are those of ensure_supervisor().
Status wake_supervisor(const Services& services, const std::string& container_id,
                       const std::string& sandbox);

// The other side: reports to the process that started this one that it has taken the lock, or has
// nothing to do; `start-supervisors` reports that it runs. `output` is the original standard
// output.
void report_ready(int output);

}  // namespace containerizer
