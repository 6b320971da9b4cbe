// task-proxy: the process that mesos-executor runs in place of the task's command. It exits when
// the container has ended, with the container's exit code. It turns SIGTERM into a request to stop
// the container, because the executor's kill reaches only this process.

#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>

#include "cli/invocation.h"
#include "cli/upgrade.h"
#include "engine/container/identity.h"
#include "engine/container/life_lock.h"
#include "engine/container/start_supervisor.h"
#include "engine/lifecycle/termination.h"
#include "host/complaints.h"
#include "host/format.h"
#include "host/log.h"
#include "host/retry.h"

namespace containerizer {
namespace {

void ask_to_stop(Invocation& invocation, const store::Container& container) {
  const auto& id = container.container_id;
  invocation.store.request(id, "stop");
  const auto woken = wake_supervisor(invocation, id, container.directory);
  if (!woken.ok()) log::error("{}", woken.failure().text);
}

// Waits for the end of the container, and returns its exit status. `must_stop` is true while a
// SIGTERM has not become a request.
int stand_in(Invocation& invocation, const std::string& id, InterruptibleSignal& terminate,
             bool& must_stop) {
  const auto container = invocation.store.find(id);
  if (!container) return fail(formatted("container {} is unknown", id));
  invocation.store.close();
  PacedLoop loop(invocation.host);
  for (;;) {
    if (must_stop) ask_to_stop(invocation, *container);
    must_stop = false;
    LifeLock lock(invocation.settings.state_directory(), id, false);
    const auto outcome = lock.await_passed(invocation.host, Phase::outcome, {}, terminate.flag());
    if (outcome == LockFile::Outcome::interrupted) {
      terminate.reset();
      must_stop = true;
      continue;
    }
    if (const auto termination = invocation.store.termination_of(id)) {
      const bool stopped = invocation.store.has_event(id, name_of(Event::stop_requested));
      return exit_status_for(*termination, stopped);
    }
    // The supervisor died. The container still runs, so this process must not exit.
    invocation.store.close();
    loop.before_try();
    const auto supervised = ensure_supervisor(invocation, id, container->directory);
    if (!supervised.ok()) log::error("{}", supervised.failure().text);
  }
}

}  // namespace

int task_proxy(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return fail("task-proxy needs a container ID", exit_usage);
  const auto& id = invocation.arguments[0];
  // Files are named by the ID.
  if (!is_valid_container_id(id)) return fail("the argument is not a container ID", exit_usage);
  InterruptibleSignal terminate(SIGTERM);
  Complaints complaints(invocation.host);
  PacedLoop loop(invocation.host);
  bool must_stop = false;
  // Tells the supervisor that mesos-executor has got the task (engine/supervisor/hand_over.h).
  std::optional<LifeLock> presence;
  for (;;) {
    loop.before_try();
    try {
      if (!presence) {
        presence.emplace(invocation.settings.state_directory(), id, false);
        presence->hold_as_proxy();
      }
      return stand_in(invocation, id, terminate, must_stop);
    } catch (const store::StoreError& error) {
      complaints.say(error.what());
      invocation.store.close();
      // Nobody can record the container's end any more.
      std::error_code none;
      if (!std::filesystem::exists(invocation.settings.state_directory(), none)) return exit_failed;
      if (error.fault() != store::StoreFault::newer) continue;
      terminate.hold();
      if (must_stop) ::raise(SIGTERM);
      complaints.say(begin_again_as_newer_program(invocation, {"task-proxy", id}).text);
      terminate.release();
    } catch (const std::system_error& error) {
      complaints.say(error.what());
    }
  }
}

}  // namespace containerizer
