#include "engine/ending.h"

#include <fmt/core.h>

#include "engine/docker/encoding.h"

namespace containerizer {
namespace {

using mesos::containerizer::Termination;

// How long after the end of its process an engine that lives may date the end.
constexpr Duration late_date{500};
constexpr int signal_base = 128;
constexpr int highest_signal = 64;
constexpr int sigkill = 9;
constexpr int sigterm = 15;

store::Termination of_kind(const char* kind, std::string message) {
  store::Termination ending;
  ending.kind = kind;
  ending.message = std::move(message);
  return ending;
}

int wait_status(const store::Termination& ending) {
  if (ending.signal) return *ending.signal;
  if (ending.exit_code) return *ending.exit_code << 8;
  if (ending.kind == "failed") return 1 << 8;
  return -1;
}

mesos::TaskState task_state(const store::Termination& ending, bool stopped) {
  const bool succeeded = ending.kind == "exited" && ending.exit_code == 0;
  if (succeeded && !stopped) return mesos::TASK_FINISHED;
  if (ending.kind == "destroyed" || (stopped && ending.kind != "oom")) return mesos::TASK_KILLED;
  return mesos::TASK_FAILED;
}

store::Termination told_ending(const ContainerFacts& facts) {
  store::Termination ending;
  const int code = facts.exit_code;
  if (code > signal_base && code <= signal_base + highest_signal) {
    ending.kind = "signalled";
    ending.signal = code - signal_base;
    ending.message = fmt::format("the container was ended by signal {}", *ending.signal);
  } else {
    ending.kind = "exited";
    ending.exit_code = code & 0xff;
    ending.message = fmt::format("the container exited with {}", *ending.exit_code);
  }
  if (facts.oom_killed && ending.signal == sigkill) {
    ending.kind = "oom";
    ending.message = "the container was killed because it used more memory than its limit";
  } else if (facts.oom_killed) {
    ending.message += "; a process in it was killed because of the memory limit";
  }
  return ending;
}

store::Termination marked(store::Termination ending, bool destroyed) {
  if (destroyed) {
    ending.kind = "destroyed";
    ending.message = "destroyed: " + ending.message;
  }
  return ending;
}

}  // namespace

bool is_made_up(const ContainerFacts& facts, std::optional<Duration> gone_for,
                std::int64_t wall_now) {
  const auto finished = unix_milliseconds(facts.finished_at);
  if (!gone_for || !finished) return false;
  const bool is_suspect = facts.exit_code == 0 || facts.exit_code == 255;
  return is_suspect && *gone_for > Duration(wall_now - *finished) + late_date;
}

store::Termination ending_of(const ContainerFacts& facts, bool destroyed) {
  return marked(told_ending(facts), destroyed);
}

store::Termination made_up_ending(const ContainerFacts& facts, bool destroyed) {
  return marked(
      lost_ending(fmt::format("the engine died with the container, and makes up exit code {}",
                              facts.exit_code)),
      destroyed);
}

store::Termination failed_ending(const std::string& step, const std::string& why) {
  auto ending = of_kind("failed", fmt::format("{}: {}", step, why));
  ending.step = step;
  return ending;
}

store::Termination destroyed_ending() {
  return of_kind("destroyed", "destroyed before the container ran");
}

store::Termination lost_ending(const std::string& why) {
  return of_kind("lost", why + "; how it ended is not known");
}

store::Termination rebooted_ending() {
  return of_kind("rebooted", "the host was restarted while the container lived");
}

store::Termination unknown_ending(const std::string& why) { return of_kind("unknown", why); }

Termination to_message(const store::Termination& ending, TaskKind kind, bool stopped) {
  Termination message;
  const bool out_of_memory = ending.kind == "oom";
  message.set_killed(out_of_memory);
  message.set_message(ending.message);
  message.set_status(wait_status(ending));
  message.set_state(task_state(ending, stopped));
  // An executor of the framework's own may well end with 0 before its tasks have: that finishes
  // none of them.
  if (kind == TaskKind::custom && message.state() == mesos::TASK_FINISHED) {
    message.set_state(mesos::TASK_FAILED);
  }
  if (out_of_memory) {
    message.add_reasons(mesos::REASON_CONTAINER_LIMITATION_MEMORY);
    message.add_reasons(mesos::REASON_CONTAINER_LIMITATION);
  } else if (ending.kind == "failed") {
    message.add_reasons(mesos::REASON_CONTAINER_LAUNCH_FAILED);
  } else {
    message.add_reasons(mesos::REASON_EXECUTOR_TERMINATED);
  }
  return message;
}

Termination early_message() {
  Termination message;
  message.set_killed(false);
  message.set_message("the executor ended; `docker-containerizer history` tells how");
  message.set_status(-1);
  message.set_state(mesos::TASK_FAILED);
  message.add_reasons(mesos::REASON_EXECUTOR_TERMINATED);
  return message;
}

int exit_status_for(const store::Termination& ending, bool stopped) {
  if (ending.exit_code.value_or(-1) > 0) return *ending.exit_code;
  if (ending.signal) return signal_base + *ending.signal;
  if (stopped || ending.kind == "destroyed") return signal_base + sigterm;
  return ending.kind == "exited" ? 0 : 1;
}

}  // namespace containerizer
