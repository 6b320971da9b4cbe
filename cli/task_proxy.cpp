// task-proxy: the process that mesos-executor runs in place of the task's command. It exits when
// the container has ended, and its exit status tells how (exit_status_for()). It turns SIGTERM into
// a request to stop the container, because the executor's kill reaches only this process.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/invocation.h"
#include "cli/upgrade.h"
#include "engine/config/settings.h"
#include "engine/container/identity.h"
#include "engine/container/launch_record.h"
#include "engine/container/life_lock.h"
#include "engine/container/start_supervisor.h"
#include "engine/lifecycle/termination.h"
#include "host/complaints.h"
#include "host/format.h"
#include "host/log.h"
#include "host/retry.h"

namespace containerizer {
namespace {

// How often to look whether another slave has come.
constexpr Duration between_looks{500};

void ask_to_stop(Invocation& invocation, const store::Container& container) {
  const auto& id = container.container_id;
  invocation.store.request(id, "stop");
  const auto woken = wake_supervisor(invocation, id, container.directory);
  if (!woken.ok()) log::error("{}", woken.failure().text);
}

// Reaches its end when mesos-executor gives up a slave that is away, and some time later.
Deadline end_of_patience(const Invocation& invocation) {
  const auto said = value_or(invocation.environment, "MESOS_RECOVERY_TIMEOUT", "");
  const auto timeout = parse_duration(said);
  return invocation.host.now() +
         (timeout.ok() ? timeout.value() : Duration(std::chrono::minutes(15)));
}

// mesos-executor reports the exit of this process to the slave, and ends a second later. If no
// slave is there to get the report, it is lost, and the next slave reports a failure instead (up to
// Mesos 0.25 also for a success). So the exit must wait until the next slave has called `wait`: at
// that moment, it also asks mesos-executor to register again (docs/decisions.md 70).
class Departure {
 public:
  Departure(Invocation& invocation, std::string id) : invocation_(invocation), id_(std::move(id)) {}

  // REQUIRES: the termination is recorded. False if the supervisor died while this waited.
  bool await_slave(LifeLock& lock, const volatile std::sig_atomic_t* terminate) {
    if (!is_slave_gone()) return true;
    if (!latest_) latest_ = end_of_patience(invocation_);
    while (!lock.has_wait() && invocation_.host.now() < *latest_) {
      const auto next = std::min(*latest_, invocation_.host.now() + between_looks);
      const auto outcome = lock.await_passed(invocation_.host, Phase::executor, next, terminate);
      if (outcome == LockFile::Outcome::interrupted) return true;
      if (outcome == LockFile::Outcome::locked) return is_settled();
    }
    return true;
  }

 private:
  bool is_slave_gone() {
    const auto slave = invocation_.store.caller_of(id_, store::Purpose::launch);
    invocation_.store.close();
    return slave && invocation_.host.life_of(*slave) == Life::gone;
  }

  bool is_settled() {
    const auto row = invocation_.store.find(id_);
    return !row || is_past(state_of(*row), Phase::executor);
  }

  Invocation& invocation_;
  const std::string id_;
  std::optional<Deadline> latest_;
};

// Waits for the end of the container, and returns its exit status. `must_stop` is true while a
// SIGTERM has not become a request.
int stand_in(Invocation& invocation, const std::string& id, InterruptibleSignal& terminate,
             bool& must_stop) {
  const auto container = invocation.store.find(id);
  if (!container) return fail(formatted("container {} is unknown", id));
  invocation.store.close();
  PacedLoop loop(invocation.host);
  Departure departure(invocation, id);
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
    const auto termination = invocation.store.termination_of(id);
    if (termination && departure.await_slave(lock, terminate.flag())) {
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
