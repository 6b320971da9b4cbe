#include "engine/supervisor/supervisor.h"

#include <stdexcept>

#include "engine/container/launch_record.h"
#include "engine/container/log_readers.h"
#include "engine/container/run_files.h"
#include "engine/container/running_facts.h"
#include "engine/container/upgrade.h"
#include "engine/lifecycle/reconcile.h"
#include "engine/supervisor/child.h"
#include "engine/supervisor/guarded_mounts.h"
#include "host/complaints.h"
#include "host/format.h"
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

store::Advance advance_for(const Container& container, const Step& step) {
  const auto next = next_state(state_of(container), step.event);
  if (!next) {
    throw std::logic_error(std::string("container ") + container.container_id + ": event " +
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
  return advance;
}

// Records that the schema forbids what the step had to record. The same write would fail forever,
// so the container ends as failed, with the database's message. What the schema forbids is lost: a
// successor finds the container by its name.
void commit_refusal(const Services& services, Container& container, Step step,
                    const std::string& why) {
  const auto row = services.store.find(container.container_id);
  if (!row) throw store::OwnershipLost("container " + container.container_id + " has no row");
  container = *row;
  if (next_state(state_of(container), Event::failed)) step.event = Event::failed;
  if (step.termination || step.event == Event::failed) {
    step.termination = failed_termination("record", why);
  }
  step.detail = why;
  services.store.advance(container, advance_for(container, step));
}

// Commits a step. A full disk or a locked database only delays it: the next action starts after its
// state is recorded. Throws StoreError if this process cannot ever commit it: the schema is newer,
// or the row is not the one that it knows.
void commit(const Services& services, const LifeLock& lock, Container& container,
            const Step& step) {
  const auto advance = advance_for(container, step);
  const auto from = container.state;
  Complaints complaints(services.host);
  Backoff backoff(Duration(100), Duration(30'000));
  for (;;) {
    try {
      services.store.advance(container, advance);
      break;
    } catch (const store::OwnershipLost&) {
      throw;
    } catch (const store::StoreError& error) {
      if (error.fault() == store::StoreFault::newer) throw;
      complaints.say(std::string("cannot record event ") + advance.event + ": " + error.what() +
                     "; retrying");
      if (error.fault() == store::StoreFault::constraint) {
        return commit_refusal(services, container, step, error.what());
      }
      check_not_abandoned(services, lock);
      services.store.close();
      services.host.poll({}, services.host.now() + backoff.next());
    }
  }
  log::debug("{} -- {} -> {} {}", from, advance.event, advance.to_state, advance.detail);
  if (step.event == Event::started)
    log::note("the container runs: {}", container.image.value_or(""));
  if (step.termination) log::note("the container ended: {}", advance.termination->message);
  if (step.event == Event::failed) log::error("{}", step.detail);
}

// Brings the record up to date before the first action. The container may have ended, or the host
// may have been restarted, while it had no supervisor.
void take_over(const Services& services, const LifeLock& lock, Actions& actions,
               Container& container) {
  const auto state = state_of(container);
  end_leftovers(services, container);
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
      commit(services, lock, container, actions.exited_step(*sight.facts));
      break;
    case Event::lost:
      commit(services, lock, container, {*event, "", lost_termination()});
      break;
    case Event::rebooted:
      commit(services, lock, container, {*event, "", rebooted_termination()});
      break;
    default:
      throw std::logic_error(std::string("reconcile returned the unexpected event ") +
                             name_of(*event));
  }
}

// Runs the lifecycle to its end, from the state in the database, which `container` contains. If it
// throws, `container` is what was committed last, and what is known since.
void drive(const Services& services, LifeLock& lock, Container& container) {
  if (state_of(container) == State::gone) return;
  const auto self = services.host.self();
  // Another process could not wake this one. The caller tries again.
  if (self.pid == 0) throw std::runtime_error("cannot find this process in /proc");
  services.store.set_supervisor(container.container_id, self);
  Actions actions(services, container, lock);
  take_over(services, lock, actions, container);
  pass_phases(lock, state_of(container));
  while (state_of(container) != State::gone) {
    commit(services, lock, container, actions.act());
    pass_phases(lock, state_of(container));
  }
}

// An operator has put back a database from before this launch. The container lives, so it gets a
// row again.
Container record_again(const Services& services, const Container& known) {
  log::warn("container {} is not in the database any more; recording it again", known.container_id);
  services.store.insert(known, {}, {}, "supervise");
  return services.store.find(known.container_id).value_or(known);
}

// Everything that a supervisor cannot go on with. docs/going-on.md has the table.
void react(const Services& services, const LifeLock& lock, const std::string& container_id,
           Complaints& complaints, const std::exception& error) {
  complaints.say(formatted("the supervisor of container {} tries again, because: {}", container_id,
                           error.what()));
  const auto* store_error = dynamic_cast<const store::StoreError*>(&error);
  services.store.close();
  if (store_error == nullptr || store_error->fault() != store::StoreFault::newer) return;
  Program role;
  role.arguments = {"supervise", container_id, lock_argument + std::to_string(lock.descriptor())};
  complaints.say(become_newer_program(services, role, {lock.descriptor()}).text);
}

// Nobody can ask for the container's end any more, so it ends now.
void clear_away(const Services& services, const Container& container, const std::string& why) {
  const auto reference = container.docker_id.value_or(container_name(container.container_id));
  const auto removed = services.docker.remove(reference);
  if (removed.ok()) {
    log::error("{}; removed container {}", why, container.container_id);
  } else {
    log::error("{}; cannot remove container {}: {}; remove it with `docker rm -f {}`", why,
               container.container_id, removed.failure().text, reference);
  }
}

// Old rows and a large log. The next supervisor to end does it too, so failures do not count.
void keep_house(const Services& services) try {
  // Each supervisor removes a few old containers from the database, so no other process has to.
  constexpr int few = 20;
  services.store.prune(services.store.now().wall - services.settings.history.count(), few);
  if (!services.store.checkpoint()) report_readers(services.settings.state_directory());
} catch (const store::StoreError& error) {
  log::debug("{}", error.what());
}

}  // namespace

void supervise(const Services& services, LifeLock& lock, const std::string& container_id) {
  std::optional<Container> known;
  Complaints complaints(services.host);
  PacedLoop loop(services.host);
  for (;;) {
    loop.before_try();
    try {
      auto container = services.store.find(container_id);
      if (!container && !known) {
        throw UnknownContainer("container " + container_id + " is not recorded");
      }
      known = container ? *container : record_again(services, *known);
      drive(services, lock, *known);
      break;
    } catch (const UnknownContainer&) {
      throw;
    } catch (const Abandoned& error) {
      return clear_away(services, *known, error.what());
    } catch (const store::OwnershipLost& error) {
      // Only this process owns the container, so an operator has changed or replaced the database.
      // The loop goes on from the row in that database, as a successor would.
      log::warn(
          "another program has changed the state database ({}); the supervisor continues from the "
          "record in it",
          error.what());
      services.store.close();
    } catch (const std::exception& error) {
      if (known && lock.is_abandoned()) {
        return clear_away(services, *known, error.what());
      }
      react(services, lock, container_id, complaints, error);
    }
  }
  pass_phases(lock, State::gone);
  keep_house(services);
  unguard_mounts(services, container_id);
  remove_run_files(services.settings.state_directory(), container_id);
}

}  // namespace containerizer
