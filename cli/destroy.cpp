// destroy: asks the supervisor to stop and remove the container, and waits until it is gone. Exit
// status 0 means that nothing is left. A destroy that fails leaks the container until the next
// recovery (mesos-protocol 1.7).
#include <fmt/core.h>

#include "cli/invocation.h"
#include "cli/store_retry.h"
#include "engine/container/identity.h"
#include "engine/container/life_lock.h"
#include "engine/container/run_files.h"
#include "engine/container/start_supervisor.h"
#include "engine/translation/launch_plan.h"
#include "host/log.h"

namespace containerizer {
namespace {

// How long the request is retried while the database fails.
constexpr Duration longest_request{10'000};

// Removes the container without the database: its row does not exist or cannot be used. False if
// the daemon has no such container of this slave instance.
Result<bool> remove_from_daemon(Invocation& invocation, const std::string& id) {
  if (!is_valid_container_id(id)) return false;
  const auto seen = invocation.docker.inspect(container_name(id));
  if (seen.failed_with(Fault::not_found)) return false;
  if (!seen.ok()) return seen.failure();
  const auto instance = seen.value().labels.find(instance_label);
  if (instance == seen.value().labels.end() ||
      instance->second != invocation.settings.work_directory) {
    return false;
  }
  const auto removed = invocation.docker.remove(seen.value().id);
  if (!removed.ok()) return removed.failure();
  remove_run_files(invocation.settings.state_directory(), id);
  return true;
}

int destroy_recorded(Invocation& invocation, store::Container container) {
  invocation.slave.remember();
  const auto id = container.container_id;
  // The stop signal's grace period, then SIGKILL and the removal, which are one call each.
  const auto limit = invocation.settings.stop_timeout + 2 * invocation.settings.daemon_timeout;
  const auto deadline = invocation.host.now() + limit;
  PacedLoop loop(invocation.host);
  while (container.state != name_of(State::gone)) {
    loop.before_try();
    retry_while_store_fails(
        invocation.host, [&] { return invocation.store.request(id, "destroy"); },
        invocation.host.now() + longest_request);
    // Starts a new supervisor if the last one has died since the last round.
    const auto woken = wake_supervisor(invocation, id, container.directory);
    if (!woken.ok()) log::warn("{}", woken.failure().text);
    LifeLock lock(invocation.settings.state_directory(), id, false);
    lock.await_passed(invocation.host, Phase::ownership, deadline);
    const auto now = invocation.store.find(id);
    invocation.store.close();
    if (!now) return exit_ok;
    container = *now;
    if (container.state != name_of(State::gone) && invocation.host.now() >= deadline) {
      return fail(fmt::format(
          "container {} still exists after {} s, in state {}; its supervisor keeps trying. "
          "For details, see the log and run `docker-containerizer history {}`",
          id, limit.count() / 1000, container.state, id));
    }
  }
  // A slave that died in between has not learned of the end, and neither has its successor. Then
  // the container stays listed by `containers`.
  if (invocation.slave.lives()) invocation.store.deliver(id);
  return exit_ok;
}

}  // namespace

int destroy(Invocation& invocation) {
  auto message = parse<mesos::containerizer::Destroy>(invocation, "Destroy");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  try {
    auto container = invocation.store.find(id);
    invocation.store.close();
    if (container) return destroy_recorded(invocation, std::move(*container));
  } catch (const store::StoreError& error) {
    invocation.store.close();
    const auto removed = remove_from_daemon(invocation, id);
    if (!removed.ok() || !removed.value()) return fail(error.what());
    log::error(
        "{}; removed container {} from the daemon; its database row could not be read or updated",
        error.what(), id);
    return exit_ok;
  }
  const auto removed = remove_from_daemon(invocation, id);
  if (!removed.ok()) return fail(removed.failure().text);
  if (!removed.value()) log::info("container {} is unknown; nothing to destroy", id);
  return exit_ok;
}

}  // namespace containerizer
