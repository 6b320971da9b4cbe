#include "engine/lifecycle/termination.h"

#include <fmt/core.h>

#include "engine/docker/encoding.h"

namespace containerizer {
namespace {

using mesos::containerizer::Termination;

// Even a daemon that is up learns of an exit a little late. The finish time that it reports may be
// this much later than the process's exit.
constexpr Duration late_date{500};
// Docker reports death by signal n as exit code 128 + n.
constexpr int signal_base = 128;
constexpr int highest_signal = 64;
constexpr int sigkill = 9;
constexpr int sigterm = 15;

store::Termination of_kind(const char* kind, std::string message) {
  store::Termination termination;
  termination.kind = kind;
  termination.message = std::move(message);
  return termination;
}

// A wait status, as waitpid() returns it. A failed launch is reported as exit code 1.
int wait_status(const store::Termination& termination) {
  if (termination.signal) return *termination.signal;
  if (termination.exit_code) return *termination.exit_code << 8;
  if (termination.kind == "failed") return 1 << 8;
  return -1;
}

// A task that was asked to stop is reported as killed, even if it then exited with 0.
mesos::TaskState task_state(const store::Termination& termination, bool stopped) {
  const bool succeeded = termination.kind == "exited" && termination.exit_code == 0;
  if (succeeded && !stopped) return mesos::TASK_FINISHED;
  if (termination.kind == "destroyed" || (stopped && termination.kind != "oom"))
    return mesos::TASK_KILLED;
  return mesos::TASK_FAILED;
}

store::Termination reported_termination(const ContainerFacts& facts) {
  store::Termination termination;
  const int code = facts.exit_code;
  // Docker does not report whether a signal ended the process. Such a code is taken as a signal, as
  // Mesos' own tools do (docs/decisions.md 14).
  if (code > signal_base && code <= signal_base + highest_signal) {
    termination.kind = "signalled";
    termination.signal = code - signal_base;
    termination.message = fmt::format("the container was killed by signal {}", *termination.signal);
  } else {
    termination.kind = "exited";
    termination.exit_code = code & 0xff;
    termination.message = fmt::format("the container exited with {}", *termination.exit_code);
  }
  if (facts.oom_killed && termination.signal == sigkill) {
    termination.kind = "oom";
    termination.message = "the container was killed because it exceeded its memory limit";
  } else if (facts.oom_killed) {
    termination.message += "; before that, a process in it was killed because of the memory limit";
  }
  return termination;
}

// The message reaches `show` and the slave without the kind, so it states the destroy too.
store::Termination marked(store::Termination termination, bool destroyed) {
  if (destroyed) {
    termination.kind = "destroyed";
    termination.message = "destroyed: " + termination.message;
  }
  return termination;
}

}  // namespace

bool is_invented(const ContainerFacts& facts, std::optional<Duration> gone_for,
                 std::int64_t wall_now) {
  const auto finished = unix_milliseconds(facts.finished_at);
  if (!gone_for || !finished) return false;
  // A daemon that was killed invents only these two codes. It dates the exit after its own restart,
  // so its date is later than the exit that the supervisor saw (docs/decisions.md 28).
  const bool is_suspect = facts.exit_code == 0 || facts.exit_code == 255;
  return is_suspect && *gone_for > Duration(wall_now - *finished) + late_date;
}

store::Termination exited_termination(const ContainerFacts& facts, bool destroyed) {
  return marked(reported_termination(facts), destroyed);
}

store::Termination invented_termination(const ContainerFacts& facts, bool destroyed) {
  return marked(
      lost_termination(fmt::format("the container exited while the daemon was down; the daemon "
                                   "reports exit code {}, which is not reliable",
                                   facts.exit_code)),
      destroyed);
}

store::Termination failed_termination(const std::string& step, const std::string& why) {
  auto termination = of_kind("failed", fmt::format("{}: {}", step, why));
  termination.step = step;
  return termination;
}

store::Termination destroyed_termination() {
  return of_kind("destroyed", "destroyed before the container ran");
}

store::Termination lost_termination(const std::string& why) {
  return of_kind("lost", why + "; the real exit code is unknown");
}

store::Termination rebooted_termination() {
  return of_kind("rebooted", "the host was restarted before the container ended");
}

store::Termination unknown_termination(const std::string& why) { return of_kind("unknown", why); }

Termination to_message(const store::Termination& termination, TaskKind kind, bool stopped) {
  Termination message;
  const bool out_of_memory = termination.kind == "oom";
  message.set_killed(out_of_memory);
  message.set_message(termination.message);
  message.set_status(wait_status(termination));
  message.set_state(task_state(termination, stopped));
  // A framework's own executor may exit with 0 before its tasks are finished, so its exit code does
  // not finish a task.
  if (kind == TaskKind::custom && message.state() == mesos::TASK_FINISHED) {
    message.set_state(mesos::TASK_FAILED);
  }
  // A slave drops reasons that its release does not know, and uses the first one that it knows. So
  // the more specific reason comes first.
  if (out_of_memory) {
    message.add_reasons(mesos::REASON_CONTAINER_LIMITATION_MEMORY);
    message.add_reasons(mesos::REASON_CONTAINER_LIMITATION);
  } else if (termination.kind == "failed") {
    message.add_reasons(mesos::REASON_CONTAINER_LAUNCH_FAILED);
  } else {
    message.add_reasons(mesos::REASON_EXECUTOR_TERMINATED);
  }
  return message;
}

Termination early_termination_message() {
  Termination message;
  message.set_killed(false);
  message.set_message("the executor exited; for details, run `docker-containerizer history`");
  message.set_status(-1);
  message.set_state(mesos::TASK_FAILED);
  message.add_reasons(mesos::REASON_EXECUTOR_TERMINATED);
  return message;
}

int exit_status_for(const store::Termination& termination, bool stopped) {
  if (termination.exit_code.value_or(-1) > 0) return *termination.exit_code;
  if (termination.signal) return signal_base + *termination.signal;
  if (stopped || termination.kind == "destroyed") return signal_base + sigterm;
  return termination.kind == "exited" ? 0 : 1;
}

}  // namespace containerizer
