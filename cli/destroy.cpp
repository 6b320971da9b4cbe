// destroy: asks the supervisor to stop and remove the container, and waits until it is gone. Exit
// status 0 means that nothing is left. A destroy that fails leaks the container until the next
// recovery (mesos-protocol 1.7).

#include <algorithm>
#include <system_error>

#include "cli/callers.h"
#include "cli/invocation.h"
#include "cli/store_retry.h"
#include "cli/upgrade.h"
#include "engine/container/identity.h"
#include "engine/container/life_lock.h"
#include "engine/container/run_files.h"
#include "engine/container/start_supervisor.h"
#include "engine/translation/launch_plan.h"
#include "host/format.h"
#include "host/log.h"

namespace containerizer {
namespace {

// How long a use of the database is retried while it fails.
constexpr Duration longest_retry{10'000};
// How often the supervisor is woken while it has not ended.
constexpr Duration wake_again{6'000};

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

// Uses the database, which may fail for a while: the container must not lose its exit code then.
template <class Query>
auto patiently(Invocation& invocation, Query query) {
  return retry_while_store_fails(invocation, query, invocation.host.now() + longest_retry);
}

// Returns when the supervisor may have ended.
void await_end(Invocation& invocation, const std::string& id, Deadline deadline) try {
  // Not until the deadline: a signal that could not be sent must be sent again.
  const auto until = std::min(deadline, invocation.host.now() + wake_again);
  LifeLock(invocation.settings.state_directory(), id, false)
      .await_passed(invocation.host, Phase::ownership, until);
} catch (const std::system_error& error) {
  log::warn("{}", error.what());
}

int destroy_recorded(Invocation& invocation, store::Container container) {
  invocation.slave.remember();
  const auto id = container.container_id;
  // The stop signal's grace period, then SIGKILL and the removal, which are one call each.
  const auto limit = invocation.settings.stop_timeout + 2 * invocation.settings.daemon_timeout;
  const auto deadline = invocation.host.now() + limit;
  note_slave(invocation, id, store::Purpose::destroy);
  PacedLoop loop(invocation.host);
  while (container.state != name_of(State::gone)) {
    loop.before_try(deadline);
    patiently(invocation, [&] { return invocation.store.request(id, "destroy"); });
    // Starts a new supervisor if the last one has died since the last round.
    const auto woken =
        patiently(invocation, [&] { return wake_supervisor(invocation, id, container.directory); });
    if (!woken.ok()) log::warn("{}", woken.failure().text);
    await_end(invocation, id, deadline);
    const auto now = patiently(invocation, [&] { return invocation.store.find(id); });
    invocation.store.close();
    if (!now) return exit_ok;
    container = *now;
    if (container.state != name_of(State::gone) && invocation.host.now() >= deadline) {
      return fail(formatted(
          "container {} still exists after {} s, in state {}; its supervisor keeps trying. "
          "For details, see the log and run `docker-containerizer history {}`",
          id, limit.count() / 1000, container.state, id));
    }
  }
  // A slave that died in between has not learned of the end, and neither has its successor. Then
  // the container stays listed by `containers`.
  if (invocation.slave.lives()) invocation.store.deliver(id, invocation.slave.process());
  return exit_ok;
}

}  // namespace

int destroy(Invocation& invocation) {
  auto message = parse<mesos::containerizer::Destroy>(invocation, "Destroy");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  try {
    auto container = patiently(invocation, [&] { return invocation.store.find(id); });
    invocation.store.close();
    if (container) return destroy_recorded(invocation, std::move(*container));
  } catch (const store::StoreError& error) {
    invocation.store.close();
    begin_again_if_newer(invocation, "destroy", error);
    const auto removed = remove_from_daemon(invocation, id);
    if (!removed.ok() || !removed.value()) return fail(error.what());
    log::error("removed container {} from the daemon, but could not record its end: {}", id,
               error.what());
    return exit_ok;
  }
  const auto removed = remove_from_daemon(invocation, id);
  if (!removed.ok()) return fail(removed.failure().text);
  if (!removed.value()) log::info("container {} is unknown; nothing to destroy", id);
  return exit_ok;
}

}  // namespace containerizer
