// How a container ended, and what the slave is told of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "containerizer.pb.h"
#include "engine/docker/docker.h"
#include "engine/translation/launch_plan.h"
#include "host/clock.h"
#include "store/store.h"

namespace containerizer {

// Whether the daemon has made up how a container ended, for it died before it had written that
// down: then it says 255 or 0 when it is back, and dates the end later than the process was seen to
// go (docs/decisions.md 28). `gone_for`: how long the process has been gone, nothing when the
// daemon was there; `wall_now`: milliseconds since 1970, taken after that.
bool is_invented(const ContainerFacts& facts, std::optional<Duration> gone_for,
                 std::int64_t wall_now);

// A container that was started and has ended, by what the daemon says of it. `destroyed`: the slave
// had asked for its end before it came.
store::Termination exited_termination(const ContainerFacts& facts, bool destroyed);

// The same where the daemon has made that up.
store::Termination invented_termination(const ContainerFacts& facts, bool destroyed);

// An action that could not succeed: `step` is what was being done ("pull"), `why` the words of
// whoever refused.
store::Termination failed_termination(const std::string& step, const std::string& why);

store::Termination destroyed_termination();
store::Termination lost_termination(
    const std::string& why = "the container was removed by somebody else");
store::Termination rebooted_termination();
store::Termination unknown_termination(const std::string& why);

// The answer to `wait`, all five fields set, so that every slave from 0.19.0 to 1.0.4 can read it.
// `status` is as of waitpid; -1 when the exit is not known. `stopped`: somebody asked for the
// task's end. Source: mesos-protocol 3.
mesos::containerizer::Termination to_message(const store::Termination& termination, TaskKind kind,
                                             bool stopped);

// The answer that `wait` gives before the end is known (mesos-protocol 1.6): for tasks whose
// executor reports their state.
mesos::containerizer::Termination early_termination_message();

// What a process that stands for the container exits with: its exit code, 128 + n for signal n, and
// never 0 when the end is not known or was asked for.
int exit_status_for(const store::Termination& termination, bool stopped);

}  // namespace containerizer
