// Compares the recorded state of a container with what the daemon reports, and decides what
// follows. Pure.
#pragma once

#include <optional>

#include "engine/docker/docker.h"
#include "engine/lifecycle/lifecycle.h"

namespace containerizer {

// The condition of a container, as the daemon reports it. `unknown` is not `absent`: a daemon that
// does not respond has not reported that the container is gone.
enum class Observation {
  unknown,
  absent,   // it does not exist, or the daemon has lost track of it
  created,  // it exists and was never started
  running,  // also paused or restarting
  ended,
};

Observation observation_of(const ContainerFacts& facts);

// The event that a supervisor must apply first when it takes a container over. Nothing if the
// action of the recorded state simply continues. `same_boot`: the host has not been restarted since
// the row was written.
std::optional<Event> reconcile(State recorded, Observation seen, bool same_boot);

}  // namespace containerizer
