#include "engine/lifecycle/termination.h"

#include <algorithm>
#include <csignal>
#include <iterator>

#include "engine/docker/encoding.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

using mesos::containerizer::Termination;

// Even a daemon that is up learns of an exit a little late. The finish time that it reports may be
// this much later than the process's exit.
constexpr Duration late_date{500};
// Docker reports death by signal n as exit code 128 + n.
constexpr int signal_base = 128;
constexpr int highest_signal = 64;

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

// A task that was asked to stop is reported as killed, even if it then exited with 0. A destroy
// does not tell why the slave wanted it. Only another slave than the one that asked for it reads
// this state, and knows nothing of a kill (docs/decisions.md 65).
mesos::TaskState task_state(const store::Termination& termination, bool stopped) {
  const bool succeeded = termination.kind == "exited" && termination.exit_code == 0;
  if (succeeded && !stopped) return mesos::TASK_FINISHED;
  if (stopped && termination.kind != "oom") return mesos::TASK_KILLED;
  return termination.kind == "destroyed" ? mesos::TASK_LOST : mesos::TASK_FAILED;
}

// Whether the kill explains an end at this time. The kernel dates its log by a clock that nobody
// corrects, so the longer the host is up, the less its dates say.
bool is_recent(const OomKill& kill, Deadline ended_at) {
  constexpr Duration usual{10'000};
  constexpr int drift = 10'000;  // one part of
  return kill.at + usual + ended_at.time_since_epoch() / drift >= ended_at;
}

MemoryVerdict verdict_of(const OomKill& kill, const std::string& docker_id) {
  using Kind = MemoryVerdict::Kind;
  if (kill.limit_cgroup.empty()) return {Kind::host, ""};
  const bool is_own = kill.limit_cgroup.find(docker_id) != std::string::npos;
  return is_own ? MemoryVerdict{Kind::own_limit, ""}
                : MemoryVerdict{Kind::limit_of_others, one_line(kill.limit_cgroup)};
}

void explain(const MemoryVerdict& memory, const ContainerFacts& facts,
             store::Termination& termination) {
  using Kind = MemoryVerdict::Kind;
  switch (memory.kind) {
    case Kind::own_limit:
      termination.kind = "oom";
      termination.message = "the container was killed because it exceeded its memory limit";
      break;
    case Kind::limit_of_others:
      termination.message +=
          formatted(", because the cgroup {}, of which it is a part, reached its memory limit",
                    memory.cgroup);
      termination.ended_by = "kernel";
      break;
    case Kind::host:
      termination.message += ", because the host ran out of memory";
      termination.ended_by = "kernel";
      break;
    case Kind::not_killed:
      if (!facts.oom_killed) break;
      termination.message +=
          "; before that, a process in it was killed because of the memory limit";
  }
}

store::Termination reported_termination(const ContainerFacts& facts, const MemoryVerdict& memory) {
  store::Termination termination;
  const int code = facts.exit_code;
  // Docker does not report whether a signal ended the process. Such a code is taken as a signal, as
  // Mesos' own tools do (docs/decisions.md 14).
  if (code > signal_base && code <= signal_base + highest_signal) {
    termination.kind = "signalled";
    termination.signal = code - signal_base;
    termination.message = formatted("the container was killed by signal {}", *termination.signal);
  } else {
    termination.kind = "exited";
    termination.exit_code = code & 0xff;
    termination.message = formatted("the container exited with {}", *termination.exit_code);
  }
  explain(memory, facts, termination);
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

MemoryVerdict judge_memory(const ContainerFacts& facts, const EndEvidence& evidence) {
  if (facts.exit_code != signal_base + SIGKILL) return {};
  bool is_told = false;
  MemoryVerdict verdict;
  for (const auto& kill : evidence.kills.value_or(std::vector<OomKill>())) {
    if (kill.victim_cgroup.find(facts.id) == std::string::npos) continue;
    is_told = true;
    const bool was_init = evidence.init == kill.victim;
    if (was_init || (!evidence.was_asked && is_recent(kill, evidence.ended_at))) {
      verdict = verdict_of(kill, facts.id);
    }
  }
  if (is_told || !facts.oom_killed || evidence.was_asked) return verdict;
  return {MemoryVerdict::Kind::own_limit, ""};
}

store::Termination exited_termination(const ContainerFacts& facts, const MemoryVerdict& memory,
                                      bool destroyed) {
  return marked(reported_termination(facts, memory), destroyed);
}

store::Termination invented_termination(const ContainerFacts& facts, bool destroyed) {
  return marked(
      lost_termination(formatted("the container exited while the daemon was down; the daemon "
                                 "reports exit code {}, which is not reliable",
                                 facts.exit_code)),
      destroyed);
}

store::Termination failed_termination(const std::string& step, const std::string& why) {
  auto termination = of_kind("failed", formatted("{}: {}", step, why));
  termination.step = step;
  return termination;
}

store::Termination destroyed_termination(State state, Duration since_launch) {
  // The shortest timeout that an operator may have set.
  constexpr Duration suspicious{30'000};
  std::string message = "destroyed before the container ran";
  if (since_launch >= suspicious) {
    message += formatted(
        ", {} s after the launch, in the state {}. If neither the framework nor a restart of the "
        "slave ended the task, the slave's timeout did: raise --executor_registration_timeout of "
        "the slave",
        since_launch.count() / 1000, name_of(state));
  }
  auto termination = of_kind("destroyed", std::move(message));
  termination.ended_by = "slave";
  return termination;
}

store::Termination lost_termination(const std::string& why) {
  return of_kind("lost", why + "; the real exit code is unknown");
}

store::Termination rebooted_termination() {
  return of_kind("rebooted", "the host was restarted before the container ended");
}

store::Termination unknown_termination(const std::string& why) { return of_kind("unknown", why); }

std::optional<std::string> who_ended(const store::Termination& termination,
                                     const Circumstances& circumstances) {
  const auto is_one_of = [](int signal, const auto& signals) {
    return std::find(std::begin(signals), std::end(signals), signal) != std::end(signals);
  };
  if (termination.kind == "oom") return "kernel";
  if (termination.kind == "destroyed") return "slave";
  if (termination.kind != "exited" && termination.kind != "signalled") return std::nullopt;
  if (circumstances.stopped) return "slave";
  if (circumstances.daemon_restarted) return "daemon";
  const auto& sent = circumstances.signals;
  if (termination.kind == "exited") {
    // A program that gets one of these signals can still exit with any code.
    constexpr int deadly[] = {SIGTERM, SIGINT, SIGQUIT, SIGKILL};
    const bool is_answer = termination.exit_code != 0 && !sent.empty();
    return is_answer && is_one_of(sent.back(), deadly) ? "operator" : "task";
  }
  const int signal = termination.signal.value_or(0);
  if (is_one_of(signal, sent)) return "operator";
  // Limits of setrlimit(2) and seccomp(2).
  constexpr int kernels[] = {SIGXCPU, SIGXFSZ, SIGSYS};
  // What the task's own instructions and timers cause.
  constexpr int own[] = {SIGILL,  SIGTRAP, SIGABRT, SIGBUS,    SIGFPE,
                         SIGSEGV, SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF};
  if (is_one_of(signal, kernels)) return "kernel";
  if (is_one_of(signal, own)) return "task";
  return std::nullopt;
}

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
  if (stopped || termination.kind == "destroyed") return signal_base + SIGTERM;
  return termination.kind == "exited" ? 0 : 1;
}

}  // namespace containerizer
