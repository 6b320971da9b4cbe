// A launch as it is recorded, so that whoever resumes it needs nothing of the process it came to.
#pragma once

#include "containerizer.pb.h"
#include "engine/lifecycle/lifecycle.h"
#include "host/result.h"
#include "store/store.h"

namespace containerizer {

// The row of a launch that has just arrived, in its first state; its boot is the caller's to name.
// refused: the request lacks what every slave sends, or the container id is none.
Result<store::Container> new_container(const mesos::containerizer::Launch& launch);

// The limits that a launch asks for.
store::Limits initial_limits(const mesos::containerizer::Launch& launch);

// The state that a row names. Throws StoreError when there is none of that name: this program did
// not write the row.
State state_of(const store::Container& container);

}  // namespace containerizer
