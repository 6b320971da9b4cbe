#include "engine/supervisor/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "engine/container/launch_record.h"
#include "engine/container/run_files.h"
#include "engine/container/running_facts.h"
#include "engine/lifecycle/reconcile.h"
#include "engine/supervisor/guarded_mounts.h"
#include "host/log.h"
#include "host/retry.h"
#include "host/text.h"

namespace containerizer {
namespace {

using store::Container;
using store::Durability;

// Releases the phases that are over in this state, so that the processes that wait for them go on.
void pass_phases(LifeLock& lock, State state) {
  for (const Phase phase : {Phase::startup, Phase::outcome, Phase::executor}) {
    if (is_past(state, phase)) lock.pass(phase);
  }
}

// Commits a step. A full disk or a locked database only delays it: the next action starts after its
// state is recorded.
void commit(const Services& services, Container& container, const Step& step) {
  const auto next = next_state(state_of(container), step.event);
  if (!next) {
    throw store::StoreError(std::string("container ") + container.container_id + ": event " +
                            name_of(step.event) + " is illegal in state " + container.state +
                            "; please report this bug");
  }
  store::Advance advance;
  advance.event = name_of(step.event);
  advance.to_state = name_of(*next);
  advance.actor = "supervise";
  advance.detail = one_line(step.detail);
  advance.termination = step.termination;
  if (advance.termination) advance.termination->message = one_line(advance.termination->message);
  // `wait` reports the termination to the slave, so it must survive a crash of the host. Other
  // steps can be repeated.
  if (step.termination) advance.durability = Durability::disk;
  const auto from = container.state;
  Backoff backoff(Duration(100), Duration(30'000));
  for (;;) {
    try {
      services.store.advance(container, advance);
      break;
    } catch (const store::OwnershipLost&) {
      throw;
    } catch (const store::StoreError& error) {
      log::error("cannot record event {}: {}; retrying", advance.event, error.what());
      services.store.close();
      services.host.poll({}, services.host.now() + backoff.next());
    }
  }
  log::debug("{} -- {} -> {} {}", from, advance.event, advance.to_state, advance.detail);
  if (step.event == Event::failed) log::error("{}", step.detail);
}

// Brings the record up to date before the first action. The container may have ended, or the host
// may have been restarted, while it had no supervisor.
void take_over(const Services& services, Actions& actions, Container& container) {
  const auto state = state_of(container);
  const bool same_boot = container.boot_id == services.host.boot();
  Sight sight;
  if (same_boot && may_run(state)) sight = actions.look();
  const auto event = reconcile(state, sight.seen, same_boot);
  // The recorded processes belong to an earlier boot. Their PIDs now mean other processes.
  if (!same_boot) {
    container.boot_id = services.host.boot();
    container.init.reset();
    container.executor.reset();
    forget_running_facts(services.settings.state_directory(), container.container_id);
  }
  if (!event) {
    if (!same_boot) services.store.amend(container);
    if (sight.seen == Observation::running) actions.note_process(*sight.facts);
    return;
  }
  switch (*event) {
    case Event::exited:
      commit(services, container, actions.exited_step(*sight.facts));
      break;
    case Event::lost:
      commit(services, container, {*event, "", lost_termination()});
      break;
    case Event::rebooted:
      commit(services, container, {*event, "", rebooted_termination()});
      break;
    default:
      throw std::logic_error(std::string("reconcile returned the unexpected event ") +
                             name_of(*event));
  }
}

}  // namespace

void supervise(const Services& services, LifeLock& lock, const std::string& container_id) {
  auto container = services.store.find(container_id);
  if (!container) throw store::StoreError("container " + container_id + " is not recorded");
  if (state_of(*container) != State::gone) {
    services.store.set_supervisor(container_id, services.host.self());
    Actions actions(services, *container);
    take_over(services, actions, *container);
    pass_phases(lock, state_of(*container));
    while (state_of(*container) != State::gone) {
      commit(services, *container, actions.act());
      pass_phases(lock, state_of(*container));
    }
  }
  pass_phases(lock, State::gone);
  // Each supervisor removes a few old containers from the database, so no other process has to.
  constexpr int few = 20;
  services.store.prune(services.store.now().wall - services.settings.history.count(), few);
  services.store.checkpoint();
  unguard_mounts(services, container_id);
  remove_run_files(services.settings.state_directory(), container_id);
}

}  // namespace containerizer
