#include "engine/lifecycle/reconcile.h"

namespace containerizer {

Observation observation_of(const ContainerFacts& facts) {
  if (!facts.started) return Observation::created;
  // It was started, but is reported as created. Podman does so if it lost its run directory while
  // the container was running, and then knows nothing about the process.
  if (facts.status == "created") return Observation::absent;
  const bool ended = facts.status == "exited" || facts.status == "dead";
  return ended ? Observation::ended : Observation::running;
}

std::optional<Event> reconcile(State recorded, Observation seen, bool same_boot) {
  // No process survives a reboot. An exit code that the daemon reports then may be invented.
  if (!same_boot) {
    return next_state(recorded, Event::rebooted) ? std::optional(Event::rebooted) : std::nullopt;
  }
  if (!may_run(recorded)) return std::nullopt;
  if (seen == Observation::absent) return Event::lost;
  // The action of Starting finds out itself whether the container was started.
  if (recorded == State::starting) return std::nullopt;
  if (seen == Observation::ended) return Event::exited;
  // The row records a start, but the daemon reports that the container was never started.
  if (seen == Observation::created) return Event::lost;
  return std::nullopt;
}

}  // namespace containerizer
