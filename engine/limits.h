// Resource limits as Docker takes them.
#pragma once

#include <boost/json/object.hpp>

#include "store/store.h"

namespace containerizer {

// The body of an update request for what the slave wants: cpu shares, the soft memory limit, and
// the hard one where it rises. It is never lowered: a task's end shrinks its resources while its
// processes are still there (mesos-protocol 5.3). Empty when there is nothing to change.
boost::json::object update_body(const store::Limits& limits);

// The hard limit in force after update_body() has been applied.
std::int64_t hard_memory_after(const store::Limits& limits);

}  // namespace containerizer
