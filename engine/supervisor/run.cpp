// Running: watches the container until it ends, and finds out how it ended.
#include "engine/supervisor/actions.h"
#include "host/log.h"

namespace containerizer {
namespace {

// The daemon may report the end of a container before it reports an out-of-memory kill.
constexpr Duration late_reason{2'000};
constexpr Duration reason_pause{100};
constexpr int killed_exit_code = 128 + 9;

}  // namespace

Step Actions::run() {
  for (;;) {
    if (const auto request = new_request()) return *request;
    if (container_.executor && !monitor_ &&
        !services_.host.exit_descriptor(*container_.executor).valid()) {
      return {Event::executor_ended, "", {}};
    }
    if (auto step = monitor_until(services_.host.now() + no_limit)) return *step;
  }
}

// Nothing: the time is over, or there is a request to look at.
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

// The daemon has told that the container ended; what counts is what it says when asked.
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

// The container's process has ended, and the daemon has not told of it for a while.
Actions::MaybeStep Actions::vanished_step() {
  const auto sight = look();
  const bool lives =
      sight.seen == Observation::unknown ||
      (sight.facts && services_.host.identify_init(sight.facts->pid, sight.facts->id));
  if (lives || sight.seen == Observation::ended || sight.seen == Observation::absent) {
    return ended_step();
  }
  return lost_step(lost_termination("its process is gone, but the daemon calls it running"));
}

Step Actions::exited_step(ContainerFacts facts) {
  const auto& id = container_.container_id;
  auto requests = services_.store.requests_of(id);
  const auto latest = services_.host.now() + late_reason;
  const auto is_unexplained = [&] {
    return facts.exit_code == killed_exit_code && !facts.oom_killed && !requests.destroy &&
           !requests.stop;
  };
  while (is_unexplained() && services_.host.now() < latest) {
    pause(reason_pause);
    if (auto again = look(); again.facts) facts = std::move(*again.facts);
    requests = services_.store.requests_of(id);
  }
  const auto gone_for = monitor_ ? monitor_->gone_unwitnessed_for() : std::nullopt;
  auto termination = is_invented(facts, gone_for, services_.store.now().wall)
                         ? invented_termination(facts, requests.destroy)
                         : exited_termination(facts, requests.destroy);
  const bool orphaned = services_.store.has_event(id, name_of(Event::executor_ended));
  if (orphaned && !requests.destroy && !requests.stop) {
    termination.kind = "failed";
    termination.step = "executor";
    termination.message = "mesos-executor ended before its task; then " + termination.message;
  }
  if (termination.kind == "oom") log::warn("{}", termination.message);
  return {Event::exited, termination.message, std::move(termination)};
}

}  // namespace containerizer
