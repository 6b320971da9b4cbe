// destroy: asks the supervisor for the container's end and sees it through. Exit status 0 means
// that nothing is left; a failed destroy leaks the container until the next recovery
// (mesos-protocol 1.7).
#include <fmt/core.h>

#include "cli/backoff.h"
#include "cli/call.h"
#include "engine/host/log.h"
#include "engine/identity.h"
#include "engine/launch_plan.h"
#include "engine/life_lock.h"
#include "engine/supervision.h"

namespace containerizer {
namespace {

// No row: the engine may still hold a container of a database that was lost.
int destroy_unrecorded(Call& call, const std::string& id) {
  if (!is_valid_container_id(id)) {
    log::info("no container can have the id that was asked for; nothing to destroy");
    return exit_ok;
  }
  auto docker = call.docker();
  auto seen = docker->inspect(container_name(id));
  if (seen.failed_with(Fault::not_found)) {
    log::info("container {} is not known; nothing to destroy", id);
    return exit_ok;
  }
  if (!seen.ok()) return fail(seen.failure().text);
  const auto instance = seen.value().labels.find(instance_label);
  if (instance == seen.value().labels.end() || instance->second != call.config.work_directory) {
    log::info("container {} is not of this slave; it is left alone", id);
    return exit_ok;
  }
  const auto removed = docker->remove(seen.value().id);
  if (!removed.ok()) return fail(removed.failure().text);
  forget_files(call.config.state_directory(), id);
  return exit_ok;
}

}  // namespace

int destroy(Call& call) {
  auto message = parse<mesos::containerizer::Destroy>(call, "Destroy");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  auto container = call.store.find(id);
  call.store.rest();
  if (!container) return destroy_unrecorded(call, id);

  // Signal, grace, kill, removal: what they may take, and no more.
  const auto limit = call.config.stop_timeout + 2 * call.config.engine_timeout;
  const auto deadline = deadline_in(limit);
  Backoff backoff;
  while (container && container->state != name_of(State::gone)) {
    backoff.before_try();
    call.store.request(id, "destroy");
    const auto nudged = nudge_supervisor(call.config, call.store, id, container->directory);
    if (!nudged.ok()) log::warn("{}", nudged.failure().text);
    LifeLock lock(call.config.state_directory(), id, false);
    if (lock.await_passed(Phase::ownership, deadline) == LockFile::Outcome::timed_out ||
        time_left(deadline) == Duration::zero()) {
      container = call.store.find(id);
      return fail(
          fmt::format("container {} is not gone after {} s, it is {}; its supervisor goes on"
                      " trying, `docker-containerizer history {}` and the log tell more",
                      id, limit.count() / 1000, container ? container->state : "gone", id));
    }
    container = call.store.find(id);
    call.store.rest();
  }
  call.store.deliver(id);
  return exit_ok;
}

}  // namespace containerizer
