// Exited and Removing: copies the last output, waits for mesos-executor, removes the container.
#include <algorithm>
#include <csignal>
#include <utility>

#include "engine/supervisor/actions.h"
#include "engine/supervisor/hooks.h"
#include "host/log.h"
#include "host/retry.h"

namespace containerizer {
namespace {

// mesos-executor sleeps for a second after its last status update, and then exits (mesos-protocol
// 6.2). A destroy waits this long for that.
constexpr Duration executor_grace{2'000};
// A create request without an answer may still take effect for this long.
constexpr Duration late_create{2'000};
constexpr Duration longest_removal_pause{30'000};

}  // namespace

// Copies the last output, and then waits for mesos-executor, which reports the task to the slave.
// `wait` must not return before mesos-executor has exited (mesos-protocol 3.3).
Step Actions::drain() {
  // A daemon that has lost a container may have left its process running.
  if (container_.init) services_.host.signal(*container_.init, SIGKILL);
  const bool was_seen_running =
      services_.store.has_event(container_.container_id, name_of(Event::started));
  if (!was_seen_running && !container_.init) end_unknown_processes();
  if (was_seen_running || has_run()) copy_last_output();
  monitor_.reset();
  if (!container_.executor) return {Event::drained, "", {}};
  ExitWatch executor(services_.host, container_.executor);
  while (executor.may_live()) {
    // An executor that never got its task would wait for it for as long as it lives.
    if (is_destroy_requested() || hand_over().has_failed()) {
      end_executor();
      break;
    }
    services_.store.close();
    const auto latest =
        std::min({services_.host.now() + no_limit, executor.due(), hand_over().due()});
    const auto ready =
        services_.host.poll({services_.host.wake(), executor.fd(), hand_over().fd()}, latest);
    if (executor.has_ended(ready[1])) break;
    services_.host.clear_wake();
    if (take_destroy_request()) return {Event::destroy_requested, "", {}};
  }
  services_.host.reap(*container_.executor);
  return {Event::drained, "", {}};
}

// A container whose start failed has no output to wait for. REQUIRES: its start is not recorded.
bool Actions::has_run() {
  const auto sight = look();
  return !sight.facts || sight.facts->started;
}

// Waits for the last output, but only for a limited time. Otherwise a daemon that hangs would keep
// the task alive for the slave, or block a destroy.
void Actions::copy_last_output() {
  RetryWindow window;
  for (;;) {
    // A destroy waits for this, so it allows less time. No other request can shorten that.
    const bool hurried = is_destroy_requested();
    services_.store.close();
    const auto silence = hurried ? executor_grace : services_.settings.daemon_timeout;
    const auto drained = monitor().drain(hurried ? -1 : services_.host.wake(), silence);
    if (drained.ok()) return;
    if (drained.failed_with(Fault::interrupted)) {
      services_.host.clear_wake();
    } else if (hurried || drained.failed_with(Fault::refused) ||
               drained.failed_with(Fault::conflict) ||
               !pause_before_retry(window, drained.failure())) {
      log::error("the last output may be missing in the sandbox: {}", drained.failure().text);
      return;
    }
  }
}

void Actions::end_executor() {
  services_.store.close();
  const ExitWatch executor(services_.host, container_.executor);
  if (!executor.may_live()) return;
  services_.host.poll({executor.fd()}, services_.host.now() + executor_grace);
  services_.host.signal_group(*container_.executor, SIGKILL);
  services_.host.poll({executor.fd()}, services_.host.now() + executor_grace);
}

void Actions::run_hook_after_end() {
  if (std::exchange(has_run_end_hook_, true)) return;
  run_end_hook(services_, container_, services_.store.termination_of(container_.container_id));
}

Step Actions::remove() {
  run_hook_after_end();
  // The time in the row may be from before a reboot, which starts the monotonic clock again.
  const auto entered =
      std::min(Deadline(Duration(container_.since.monotonic)), services_.host.now());
  // CONTAINERIZER_REMOVE_DELAY keeps the container for the operator to inspect.
  const auto kept_until =
      container_.docker_id ? entered + services_.settings.remove_delay : entered;
  std::optional<Deadline> certain_at;
  Backoff backoff(Duration(100), longest_removal_pause);
  for (;;) {
    if (take_destroy_request()) return {Event::destroy_requested, "", {}};
    const bool at_once = is_destroy_requested();
    services_.store.close();
    if (!at_once && services_.host.now() < kept_until) {
      services_.host.poll({services_.host.wake()}, kept_until);
      services_.host.clear_wake();
      continue;
    }
    const auto sight = look();
    // A daemon that hangs may not have started with an earlier create request, so the wait for a
    // late container starts again.
    if (sight.seen == Observation::unknown) certain_at.reset();
    if (sight.seen == Observation::absent && !sight.facts) {
      const auto now = services_.host.now();
      certain_at = certain_at.value_or(create_unanswered_ ? now + late_create : now);
      if (now >= *certain_at) return {Event::removed, "", {}};
    }
    if (sight.facts) {
      const auto removed = services_.docker.remove(sight.facts->id);
      if (removed.ok()) return {Event::removed, "", {}};
      log::warn("{}; retrying", removed.failure().text);
    }
    pause(backoff.next());
  }
}

}  // namespace containerizer
