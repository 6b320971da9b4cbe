// What follows from what is recorded of a container and what is seen of it. Pure.
#pragma once

#include <optional>

#include "engine/docker/docker.h"
#include "engine/lifecycle/lifecycle.h"

namespace containerizer {

// What the daemon says of a container. Unknown is not absent: a daemon that did not answer has said
// nothing.
enum class Observation {
  unknown,
  absent,   // or nothing is known of it any more
  created,  // exists, never started
  running,  // or paused, or restarting
  ended,
};

Observation observation_of(const ContainerFacts& facts);

// The event that whoever takes a container over must apply first; nothing when its state's action
// simply goes on. `same_boot`: the host has not been restarted since the row was written.
std::optional<Event> reconcile(State recorded, Observation seen, bool same_boot);

}  // namespace containerizer
