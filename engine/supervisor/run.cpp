// Running: waits until the container ends, and determines how it ended.
#include <algorithm>

#include "engine/docker/encoding.h"
#include "engine/supervisor/actions.h"
#include "host/log.h"

namespace containerizer {
namespace {

// The daemon can report the exit of a container before it reports an out-of-memory kill.
constexpr Duration late_reason{2'000};
constexpr Duration reason_pause{100};
// How long a restart of the daemon usually takes, at most.
constexpr Duration returning_daemon{10'000};
constexpr int killed_exit_code = 128 + 9;
constexpr const char* never_came = "the slave died before mesos-executor got the task";
// How often the supervisor of an idle container looks whether its lock file still exists.
constexpr Duration directory_check{50'000};

// For the operator's report only: a container must not depend on it.
void note_daemon_return(store::Store& store) {
  try {
    store.note_daemon_return();
  } catch (const store::StoreError& error) {
    log::warn("cannot record that the daemon is back: {}", error.what());
  }
  store.close();
}

}  // namespace

Step Actions::run() {
  for (;;) {
    if (const auto request = new_request()) return *request;
    // mesos-executor may have exited while no supervisor ran. The monitor cannot see that, because
    // it gets no descriptor of a process that is gone.
    if (container_.executor && !monitor_ &&
        services_.host.life_of(*container_.executor) == Life::gone) {
      return {Event::executor_ended, "", {}};
    }
    // Nobody can report this task any more, so its container must not run on.
    if (hand_over().has_failed()) return {Event::executor_ended, never_came, {}};
    const auto latest = std::min(services_.host.now() + no_limit, hand_over().due());
    if (auto step = monitor_until(latest, hand_over().fd())) return *step;
  }
}

// Empty: the deadline has passed, or there may be a request.
Actions::MaybeStep Actions::monitor_until(Deadline deadline, int also) {
  services_.store.close();
  auto outcome = Monitor::Outcome::time_is_up;
  while (outcome == Monitor::Outcome::time_is_up && services_.host.now() < deadline) {
    check_not_abandoned(services_, lock_);
    outcome =
        monitor().wait_until(std::min(deadline, services_.host.now() + directory_check), also);
    if (outcome != Monitor::Outcome::daemon_returned) continue;
    note_daemon_return(services_.store);
    outcome = Monitor::Outcome::time_is_up;
  }
  switch (outcome) {
    case Monitor::Outcome::ended:
      return ended_step();
    case Monitor::Outcome::vanished:
      return vanished_step();
    case Monitor::Outcome::absent:
      return lost_step();
    case Monitor::Outcome::executor_ended:
      return Step{Event::executor_ended, "", {}};
    case Monitor::Outcome::daemon_returned:
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
    daemon_was_away_ = daemon_was_away_ || sight.seen == Observation::unknown;
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

// Only a container on this host has its end in the log of this kernel.
MemoryVerdict Actions::judge_end(const ContainerFacts& facts, const store::Requests& requests) {
  if (facts.exit_code != killed_exit_code) return {};
  const auto now = services_.store.now();
  EndEvidence evidence;
  if (container_.init) {
    evidence.kills = services_.host.oom_kills();
    evidence.init = container_.init->pid;
  }
  const auto finished = unix_milliseconds(facts.finished_at).value_or(now.wall);
  evidence.ended_at =
      Deadline(Duration(now.monotonic - std::max<std::int64_t>(0, now.wall - finished)));
  evidence.was_asked = requests.destroy || requests.stop;
  return judge_memory(facts, evidence);
}

Step Actions::exited_step(ContainerFacts facts) {
  const auto& id = container_.container_id;
  auto requests = services_.store.requests_of(id);
  const auto latest = services_.host.now() + late_reason;
  // SIGKILL without a request: possibly an out-of-memory kill that the daemon reports later.
  auto memory = judge_end(facts, requests);
  const auto is_unexplained = [&] {
    return facts.exit_code == killed_exit_code && !requests.destroy && !requests.stop &&
           memory.kind == MemoryVerdict::Kind::not_killed && !facts.oom_killed;
  };
  while (is_unexplained() && services_.host.now() < latest) {
    pause(reason_pause);
    auto again = look();
    daemon_was_away_ = daemon_was_away_ || again.seen == Observation::unknown;
    if (again.facts) facts = std::move(*again.facts);
    requests = services_.store.requests_of(id);
    memory = judge_end(facts, requests);
  }
  // A daemon that was down while the container exited can invent the exit code (docs/decisions.md).
  const auto gone_for = monitor_ ? monitor_->gone_unwitnessed_for() : std::nullopt;
  auto termination = is_invented(facts, gone_for, services_.store.now().wall)
                         ? invented_termination(facts, requests.destroy)
                         : exited_termination(facts, memory, requests.destroy);
  // Only mesos-executor reports a command task's exit code to the slave. It exited first, or never
  // got the task, so the task has failed, whatever that code is.
  const bool orphaned = services_.store.has_event(id, name_of(Event::executor_ended));
  if (orphaned && !requests.destroy && !requests.stop) {
    termination.kind = "failed";
    termination.step = "executor";
    const bool waits_for_task = container_.executor &&
                                services_.host.life_of(*container_.executor) != Life::gone &&
                                hand_over().is_missing();
    const auto* why = waits_for_task ? never_came : "mesos-executor ended before its task";
    termination.message = std::string(why) + "; after that, " + termination.message;
  }
  const auto circumstances = circumstances_of(facts, termination);
  if (!termination.ended_by) termination.ended_by = who_ended(termination, circumstances);
  if (monitor_) termination.peak_memory = monitor_->peak_memory();
  if (termination.kind == "oom") log::warn("{}", termination.message);
  return {Event::exited, termination.message, std::move(termination)};
}

// Asks the daemon only about ends that the record does not explain. A daemon that has just stopped
// gets some time to come back, because only it knows whether it ended the container. Its answer
// changes nothing but an explanation.
Circumstances Actions::circumstances_of(const ContainerFacts& facts,
                                        const store::Termination& end) {
  Circumstances all;
  all.stopped = services_.store.has_event(container_.container_id, name_of(Event::stop_requested));
  const bool is_open = end.kind == "exited" || end.kind == "signalled";
  if (all.stopped || !is_open) return all;
  services_.store.close();
  // A daemon that is stopping still answers on open connections, but accepts no new one.
  const bool is_stopping =
      end.exit_code != 0 &&
      services_.docker.open_exit_stream(reference()).failed_with(Fault::unavailable);
  if (daemon_was_away_ || is_stopping || (monitor_ && monitor_->ended_without_daemon())) {
    const auto end_of_wait = services_.host.now() + returning_daemon;
    auto daemon = services_.docker.info();
    while (!daemon.ok() && !is_destroy_requested() && services_.host.now() < end_of_wait) {
      pause(reason_pause);
      daemon = services_.docker.info();
    }
    all.daemon_restarted = daemon.ok() && !daemon.value().live_restore;
  } else if (end.exit_code != 0) {
    const auto sent = services_.docker.signals_sent(facts);
    if (sent.ok()) all.signals = sent.value();
  }
  return all;
}

}  // namespace containerizer
