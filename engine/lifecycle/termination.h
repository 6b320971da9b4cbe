// How a container ended, and what the slave and mesos-executor learn of it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "engine/docker/docker.h"
#include "engine/lifecycle/lifecycle.h"
#include "engine/translation/launch_plan.h"
#include "host/clock.h"
#include "host/oom_log.h"
#include "store/store.h"

namespace containerizer {

// Whether the daemon has invented the exit code in `facts`. A daemon that is killed while a
// container exits does not know the exit code: after its restart it reports 0 or 255, with a finish
// time later than the real exit (docs/decisions.md 28). Only then does this return true.
//
// `gone_for`: the time since the supervisor saw the process exit; nothing if it did not see the
// exit, or if the daemon has responded ever since. `wall_now`: the time in milliseconds since 1970,
// taken after `gone_for`.
bool is_invented(const ContainerFacts& facts, std::optional<Duration> gone_for,
                 std::int64_t wall_now);

// Whether the kernel has killed a container for lack of memory, and whose limit was reached.
struct MemoryVerdict {
  enum class Kind { not_killed, own_limit, limit_of_others, host } kind = Kind::not_killed;
  std::string cgroup;  // of limit_of_others
};

// What is known besides the daemon's report about the end of a container.
struct EndEvidence {
  // What the kernel's log has; empty if it cannot be read, or if the container ran on another host.
  std::optional<std::vector<OomKill>> kills = {};
  std::optional<pid_t> init = {};  // the container's first process
  Deadline ended_at = {};
  bool was_asked = false;  // the slave, the framework or this program had asked it to end
};

// The daemon's own flag tells neither when nor which process was killed: it also stays after the
// death of a child long ago. The kernel's log decides where it tells of the container. Otherwise
// the flag does, unless the container was asked to end.
MemoryVerdict judge_memory(const ContainerFacts& facts, const EndEvidence& evidence);

// The termination of a container that was started and has exited, from what the daemon reports.
// `destroyed`: the slave had asked to destroy it before.
store::Termination exited_termination(const ContainerFacts& facts, const MemoryVerdict& memory,
                                      bool destroyed);

// Like exited_termination(), for an exit code that the daemon invented: the container is lost, and
// its real exit code is unknown.
store::Termination invented_termination(const ContainerFacts& facts, bool destroyed);

// The termination of a launch whose action cannot succeed. `step` is the name of the action
// ("pull"), and `why` the error message, in the daemon's words if the daemon refused it.
store::Termination failed_termination(const std::string& step, const std::string& why);

// The termination of a container that was destroyed before it was started, in this state, so long
// after its launch. Its message names the slave's timeout, which is the usual reason after a while.
store::Termination destroyed_termination(State state, Duration since_launch);
// The termination of a container that the daemon no longer has. `why` is the start of the message.
store::Termination lost_termination(
    const std::string& why = "the container was removed by another program");
// The termination of a container that existed when the host was restarted.
store::Termination rebooted_termination();
// The termination of a container about which nothing is recorded.
store::Termination unknown_termination(const std::string& why);

// What is known about an exit besides the exit itself.
struct Circumstances {
  bool stopped = false;           // a request to stop the task was carried out
  bool daemon_restarted = false;  // the daemon ended its containers when it stopped or started
  std::vector<int> signals = {};  // that clients of the daemon sent, other than this program
};

// Who ended a container that has exited: the value of Termination::ended_by. Empty: nobody knows,
// or the container did not end by an exit.
std::optional<std::string> who_ended(const store::Termination& termination,
                                     const Circumstances& circumstances);

// The reply to `wait`. All five fields are set, so that every slave from 0.19.0 to 1.0.4 can read
// it. `status` is a wait status, as waitpid() returns it, or -1 if the exit code is unknown.
// `stopped`: mesos-executor or systemd asked to stop the task. Source: mesos-protocol 3.
mesos::containerizer::Termination to_message(const store::Termination& termination, TaskKind kind,
                                             bool stopped);

// The reply that `wait` sends before the container has ended (mesos-protocol 1.6). It is for tasks
// whose executor reports their state itself.
mesos::containerizer::Termination early_termination_message();

// The exit status of a process that represents the container, such as the task proxy: the
// container's exit code, or 128 + n for signal n. It is never 0 if the exit code is unknown, or if
// the task was asked to stop.
int exit_status_for(const store::Termination& termination, bool stopped);

}  // namespace containerizer
