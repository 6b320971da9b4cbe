// destroy: asks the supervisor for the container's end and sees it through. Exit status 0 means
// that nothing is left; a failed destroy leaks the container until the next recovery
// (mesos-protocol 1.7).
#include <fmt/core.h>

#include "cli/backoff.h"
#include "cli/call.h"
#include "engine/host/log.h"
#include "engine/identity.h"
#include "engine/life_lock.h"
#include "engine/supervision.h"
#include "engine/translation/launch_plan.h"

namespace containerizer {
namespace {

constexpr Duration patience_with_database{10'000};

// By the engine alone: there is no row, or nobody can read or write one. False when the engine
// holds no such container of ours.
Result<bool> remove_from_engine(Call& call, const std::string& id) {
  if (!is_valid_container_id(id)) return false;
  const auto seen = call.docker.inspect(container_name(id));
  if (seen.failed_with(Fault::not_found)) return false;
  if (!seen.ok()) return seen.failure();
  const auto instance = seen.value().labels.find(instance_label);
  if (instance == seen.value().labels.end() || instance->second != call.config.work_directory) {
    return false;
  }
  const auto removed = call.docker.remove(seen.value().id);
  if (!removed.ok()) return removed.failure();
  forget_files(call.config.state_directory(), id);
  return true;
}

int destroy_recorded(Call& call, store::Container container) {
  call.caller.remember();
  const auto id = container.container_id;
  // Signal, grace, kill, removal: what they may take, and no more.
  const auto limit = call.config.stop_timeout + 2 * call.config.engine_timeout;
  const auto deadline = call.host.now() + limit;
  Backoff backoff(call.host);
  while (container.state != name_of(State::gone)) {
    backoff.before_try();
    insist(
        call.host, [&] { return call.store.request(id, "destroy"); },
        call.host.now() + patience_with_database);
    const auto nudged = nudge_supervisor(call, id, container.directory);
    if (!nudged.ok()) log::warn("{}", nudged.failure().text);
    LifeLock lock(call.config.state_directory(), id, false);
    lock.await_passed(call.host, Phase::ownership, deadline);
    const auto now = call.store.find(id);
    call.store.close();
    if (!now) return exit_ok;
    container = *now;
    if (container.state != name_of(State::gone) && call.host.now() >= deadline) {
      return fail(
          fmt::format("container {} is not gone after {} s, it is {}; its supervisor goes on"
                      " trying, `docker-containerizer history {}` and the log tell more",
                      id, limit.count() / 1000, container.state, id));
    }
  }
  if (call.caller.lives()) call.store.deliver(id);
  return exit_ok;
}

}  // namespace

int destroy(Call& call) {
  auto message = parse<mesos::containerizer::Destroy>(call, "Destroy");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  try {
    auto container = call.store.find(id);
    call.store.close();
    if (container) return destroy_recorded(call, std::move(*container));
  } catch (const store::StoreError& error) {
    call.store.close();
    const auto removed = remove_from_engine(call, id);
    if (!removed.ok() || !removed.value()) return fail(error.what());
    log::error("{}; container {} has been removed all the same", error.what(), id);
    return exit_ok;
  }
  const auto removed = remove_from_engine(call, id);
  if (!removed.ok()) return fail(removed.failure().text);
  if (!removed.value()) log::info("container {} is not known; nothing to destroy", id);
  return exit_ok;
}

}  // namespace containerizer
