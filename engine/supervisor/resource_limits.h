// Resource limits as Docker takes them.
#pragma once

#include <boost/json/object.hpp>

#include "engine/container/services.h"

namespace containerizer {

// The body of an update request for what the slave wants, where `in_force` is what the daemon holds
// the container to: cpu shares, the soft memory limit, and the hard one where it rises, with the
// same room for swap as before. It is never lowered: a task's end shrinks its resources while its
// processes are still there (mesos-protocol 5.3). With `with_quota` a quota of CPU time follows
// the cpus, where there is one. What a flag has set stays as it is
// (engine/translation/fixed_limits.h); above a limit of memory and swap together that a flag has
// set, the hard limit does not rise. Empty when there is nothing to change.
boost::json::object update_body(const store::Limits& wanted, const ContainerFacts& in_force,
                                bool with_quota = false);

// The hard limit in bytes once update_body() has been applied; 0 for none.
std::int64_t hard_memory_after(const store::Limits& wanted, const ContainerFacts& in_force);

// Holds the container to the limits on record, as far as they are not of its creation, and leaves
// for `usage` what is in force. `seen` is what the daemon said of the container after it was
// created. Calls that overlap, of any processes, come one after the other, and the last one finds
// the newest limits. Trouble with the daemon is logged, not handed back.
void apply_limits(const Services& services, const store::Container& container,
                  const ContainerFacts& seen);

}  // namespace containerizer
