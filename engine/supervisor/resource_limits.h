// Updates the resource limits of a container.
#pragma once

#include <boost/json/object.hpp>

#include "engine/container/services.h"

namespace containerizer {

// Returns the body of an update request for the limits in `wanted`. `in_force` are the limits that
// the daemon enforces now. Empty if there is nothing to change. Pure. The body contains:
//
// - CPU shares, and with `with_quota` a CPU quota if the container has one.
// - The soft memory limit.
// - The hard memory limit if it rises, with as much swap as before. It never falls, because the
//   slave lowers the resources of a task that ends while its processes still exist
//   (mesos-protocol 5.3).
//
// Limits that a flag has fixed do not change (engine/translation/fixed_limits.h). The hard memory
// limit does not rise above a limit of memory and swap together that a flag has fixed.
boost::json::object update_body(const store::Limits& wanted, const ContainerFacts& in_force,
                                bool with_quota = false);

// The hard memory limit in bytes after update_body() has been applied; 0 for none. Pure.
std::int64_t hard_memory_after(const store::Limits& wanted, const ContainerFacts& in_force);

// Applies the recorded limits to the container, unless they are still those of the create request.
// Stores the effective limits for `usage`. `seen` is an answer of the daemon about the created
// container. Overlapping calls, also of other processes, run one after the other, and the last one
// reads the newest limits. A failure is only logged.
void apply_limits(const Services& services, const store::Container& container,
                  const ContainerFacts& seen);

}  // namespace containerizer
