// Running: waits until the container ends, and determines how it ended.
#include "engine/supervisor/actions.h"
#include "host/log.h"

namespace containerizer {
namespace {

// The daemon can report the exit of a container before it reports an out-of-memory kill.
constexpr Duration late_reason{2'000};
constexpr Duration reason_pause{100};
constexpr int killed_exit_code = 128 + 9;

}  // namespace

Step Actions::run() {
  for (;;) {
    if (const auto request = new_request()) return *request;
    // mesos-executor may have exited while no supervisor ran. The monitor cannot see that, because
    // it gets no descriptor of a process that is gone.
    if (container_.executor && !monitor_ &&
        !services_.host.exit_descriptor(*container_.executor).valid()) {
      return {Event::executor_ended, "", {}};
    }
    if (auto step = monitor_until(services_.host.now() + no_limit)) return *step;
  }
}

// Empty: the deadline has passed, or there may be a request.
Actions::MaybeStep Actions::monitor_until(Deadline deadline) {
  services_.store.close();
  switch (monitor().wait_until(deadline)) {
    case Monitor::Outcome::ended:
      return ended_step();
    case Monitor::Outcome::vanished:
      return vanished_step();
    case Monitor::Outcome::absent:
      return lost_step();
    case Monitor::Outcome::executor_ended:
      return Step{Event::executor_ended, "", {}};
    case Monitor::Outcome::time_is_up:
    case Monitor::Outcome::woken:
      break;
  }
  return std::nullopt;
}

// The exit stream has reported the end. Asks the daemon, because a stream also ends when the daemon
// shuts down, and because only inspect reports the exit code.
Actions::MaybeStep Actions::ended_step() {
  auto sight = look();
  if (sight.seen == Observation::absent) return lost_step();
  if (sight.seen != Observation::ended) {
    monitor().doubt();
    if (sight.facts) note_process(*sight.facts);
    return std::nullopt;
  }
  return exited_step(std::move(*sight.facts));
}

// The container's process exited some time ago, and the daemon has not reported an exit. A process
// in the daemon's answer only counts as alive if it belongs to the container.
Actions::MaybeStep Actions::vanished_step() {
  const auto sight = look();
  const bool is_alive =
      sight.seen == Observation::unknown ||
      (sight.facts && services_.host.identify_init(sight.facts->pid, sight.facts->id));
  if (is_alive || sight.seen == Observation::ended || sight.seen == Observation::absent) {
    return ended_step();
  }
  return lost_step(lost_termination(
      "the container's process is gone, but the daemon still reports it as running"));
}

Step Actions::exited_step(ContainerFacts facts) {
  const auto& id = container_.container_id;
  auto requests = services_.store.requests_of(id);
  const auto latest = services_.host.now() + late_reason;
  // SIGKILL without a request: possibly an out-of-memory kill that the daemon reports later.
  const auto is_unexplained = [&] {
    return facts.exit_code == killed_exit_code && !facts.oom_killed && !requests.destroy &&
           !requests.stop;
  };
  while (is_unexplained() && services_.host.now() < latest) {
    pause(reason_pause);
    if (auto again = look(); again.facts) facts = std::move(*again.facts);
    requests = services_.store.requests_of(id);
  }
  // A daemon that was down while the container exited can invent the exit code (docs/decisions.md).
  const auto gone_for = monitor_ ? monitor_->gone_unwitnessed_for() : std::nullopt;
  auto termination = is_invented(facts, gone_for, services_.store.now().wall)
                         ? invented_termination(facts, requests.destroy)
                         : exited_termination(facts, requests.destroy);
  // Only mesos-executor reports a command task's exit code to the slave. It exited first, so the
  // task has failed, whatever that code is.
  const bool orphaned = services_.store.has_event(id, name_of(Event::executor_ended));
  if (orphaned && !requests.destroy && !requests.stop) {
    termination.kind = "failed";
    termination.step = "executor";
    termination.message =
        "mesos-executor ended before its task; after that, " + termination.message;
  }
  if (termination.kind == "oom") log::warn("{}", termination.message);
  return {Event::exited, termination.message, std::move(termination)};
}

}  // namespace containerizer
