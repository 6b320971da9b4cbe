// A launch as the database records it. A supervisor that resumes the launch needs nothing from the
// process that received it.
#pragma once

#include "containerizer.pb.h"
#include "engine/lifecycle/lifecycle.h"
#include "host/result.h"
#include "store/store.h"

namespace containerizer {

// The row of a new launch, in state Accepted. The caller sets its boot ID.
// refused: the request lacks a field that every slave sends, or its container ID is invalid.
Result<store::Container> new_container(const mesos::containerizer::Launch& launch);

// The limits that a launch asks for.
store::Limits initial_limits(const mesos::containerizer::Launch& launch);

// The state that a row contains. Throws StoreError if it is unknown: then another program has
// written the row.
State state_of(const store::Container& container);

}  // namespace containerizer
