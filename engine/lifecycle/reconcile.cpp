#include "engine/lifecycle/reconcile.h"

namespace containerizer {

Observation observation_of(const ContainerFacts& facts) {
  if (!facts.started) return Observation::created;
  // So says Podman of what was running when its run directory was lost.
  if (facts.status == "created") return Observation::absent;
  const bool ended = facts.status == "exited" || facts.status == "dead";
  return ended ? Observation::ended : Observation::running;
}

std::optional<Event> reconcile(State recorded, Observation seen, bool same_boot) {
  // After a reboot no process of before lives, whatever the daemon made of its exit code.
  if (!same_boot) {
    return next_state(recorded, Event::rebooted) ? std::optional(Event::rebooted) : std::nullopt;
  }
  if (!may_run(recorded)) return std::nullopt;
  if (seen == Observation::absent) return Event::lost;
  // In Starting the action itself finds out whether the container has been started.
  if (recorded == State::starting) return std::nullopt;
  if (seen == Observation::ended) return Event::exited;
  // Its start is on record, but the daemon knows of none.
  if (seen == Observation::created) return Event::lost;
  return std::nullopt;
}

}  // namespace containerizer
