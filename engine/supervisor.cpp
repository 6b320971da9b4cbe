#include "engine/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "engine/host/log.h"
#include "engine/launch_record.h"
#include "engine/reconcile.h"
#include "engine/running_facts.h"

namespace containerizer {
namespace {

using store::Container;
using store::Durability;

// Lets those pass who wait for what this state has behind it.
void pass_phases(LifeLock& lock, State state) {
  for (const Phase phase : {Phase::startup, Phase::outcome, Phase::executor}) {
    if (is_past(state, phase)) lock.pass(phase);
  }
}

// Moves the container on. A disk that is full, or a database that is locked for too long, only
// delays it: nothing is done to the container before its step is on record.
void commit(const World& world, Container& container, const Step& step) {
  const auto next = next_state(state_of(container), step.event);
  if (!next) {
    throw store::StoreError(std::string("container ") + container.container_id + ": event " +
                            name_of(step.event) + " is illegal in state " + container.state);
  }
  store::Advance advance;
  advance.event = name_of(step.event);
  advance.to_state = name_of(*next);
  advance.actor = "supervise";
  advance.detail = step.detail;
  advance.termination = step.ending;
  if (step.ending) advance.durability = Durability::disk;
  const auto from = container.state;
  Duration pause{100};
  for (;;) {
    try {
      world.store.advance(container, advance);
      break;
    } catch (const store::OwnershipLost&) {
      throw;
    } catch (const store::StoreError& error) {
      log::error("{}; trying again", error.what());
      world.store.close();
      world.host.poll({}, world.host.now() + pause);
      pause = std::min(pause * 2, Duration(30'000));
    }
  }
  log::debug("{} -- {} -> {} {}", from, advance.event, advance.to_state, advance.detail);
  if (step.event == Event::failed) log::error("{}", step.detail);
}

// What must be true before the state's action may go on, after nobody watched for a while.
void take_over(const World& world, Actions& actions, Container& container) {
  const auto state = state_of(container);
  const bool same_boot = container.boot_id == world.host.boot();
  Sight sight;
  if (same_boot && may_run(state)) sight = actions.look();
  const auto event = reconcile(state, sight.seen, same_boot);
  // Whatever processes are recorded, they were of another boot.
  if (!same_boot) {
    container.boot_id = world.host.boot();
    container.init.reset();
    container.executor.reset();
    forget_running_facts(world.config.state_directory(), container.container_id);
  }
  if (!event) {
    if (!same_boot) world.store.amend(container);
    if (sight.seen == Observation::running) actions.note_process(*sight.facts);
    return;
  }
  switch (*event) {
    case Event::exited:
      commit(world, container, actions.exited_step(*sight.facts));
      break;
    case Event::lost:
      commit(world, container, {*event, "", lost_ending()});
      break;
    case Event::rebooted:
      commit(world, container, {*event, "", rebooted_ending()});
      break;
    default:
      throw std::logic_error(std::string("nothing is known to follow from ") + name_of(*event));
  }
}

}  // namespace

void supervise(const World& world, LifeLock& lock, const std::string& container_id) {
  auto container = world.store.find(container_id);
  if (!container) throw store::StoreError("container " + container_id + " is not recorded");
  if (state_of(*container) != State::gone) {
    world.store.set_supervisor(container_id, world.host.self());
    Actions actions(world, *container);
    take_over(world, actions, *container);
    pass_phases(lock, state_of(*container));
    while (state_of(*container) != State::gone) {
      commit(world, *container, actions.act());
      pass_phases(lock, state_of(*container));
    }
  }
  pass_phases(lock, State::gone);
  constexpr int few = 20;
  world.store.prune(world.store.now().wall - world.config.history.count(), few);
  world.store.checkpoint();
  forget_files(world.config.state_directory(), container_id);
}

}  // namespace containerizer
