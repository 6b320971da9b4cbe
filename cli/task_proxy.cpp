// task-proxy: the process that mesos-executor runs in place of the task's command. It exits when
// the container has ended, with the container's exit code. It turns SIGTERM into a request to stop
// the container, because the executor's kill reaches only this process.
#include <fmt/core.h>

#include <csignal>

#include "cli/invocation.h"
#include "cli/store_retry.h"
#include "engine/container/life_lock.h"
#include "engine/container/start_supervisor.h"
#include "engine/lifecycle/termination.h"
#include "host/log.h"

namespace containerizer {
namespace {

void ask_to_stop(Invocation& invocation, const store::Container& container) {
  const auto& id = container.container_id;
  retry_while_store_fails(invocation.host, [&] { invocation.store.request(id, "stop"); });
  const auto woken = retry_while_store_fails(
      invocation.host, [&] { return wake_supervisor(invocation, id, container.directory); });
  if (!woken.ok()) log::error("{}", woken.failure().text);
}

}  // namespace

int task_proxy(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return fail("task-proxy needs a container ID", exit_usage);
  const auto& id = invocation.arguments[0];
  const auto container =
      retry_while_store_fails(invocation.host, [&] { return invocation.store.find(id); });
  if (!container) return fail(fmt::format("container {} is unknown", id));
  invocation.store.close();
  InterruptibleSignal terminate(SIGTERM);
  PacedLoop loop(invocation.host);
  for (;;) {
    LifeLock lock(invocation.settings.state_directory(), id, false);
    const auto outcome = lock.await_passed(invocation.host, Phase::outcome, {}, terminate.flag());
    if (outcome == LockFile::Outcome::interrupted) {
      terminate.reset();
      ask_to_stop(invocation, *container);
      continue;
    }
    if (const auto termination = retry_while_store_fails(
            invocation.host, [&] { return invocation.store.termination_of(id); })) {
      return exit_status_for(*termination, retry_while_store_fails(invocation.host, [&] {
        return invocation.store.has_event(id, name_of(Event::stop_requested));
      }));
    }
    // The supervisor died. The container still runs, so this process must not exit.
    invocation.store.close();
    loop.before_try();
    const auto supervised = ensure_supervisor(invocation, id, container->directory);
    if (!supervised.ok()) log::error("{}", supervised.failure().text);
  }
}

}  // namespace containerizer
