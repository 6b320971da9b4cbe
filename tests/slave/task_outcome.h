// What the slave makes of a container's end: the task status it sends in the executor's place.
#pragma once

#include <optional>
#include <string>

#include "containerizer.pb.h"
#include "tests/slave/version.h"

namespace containerizer::player {

// Numbers of TaskStatus.Reason that the slave itself gives.
enum Reasons {
  reason_command_executor_failed = 0,
  reason_executor_terminated = 1,
  reason_executor_unregistered = 2,
  reason_memory_limit = 8,
  reason_slave_restarted = 12,
  reason_launch_failed = 21,
  reason_update_failed = 22,
  reason_registration_timeout = 23,
  reason_reregistration_timeout = 24,
};

struct TaskOutcome {
  std::string state;  // "TASK_FAILED"
  std::optional<int> reason;
  std::string message;
};

// "REASON_..." as the release names it; empty where there are no reasons; else the number.
std::string reason_name(std::optional<int> reason, Release release);

// The status of a task whose executor ended without one. `termination` is absent when `wait`
// failed; `pending` is what the slave had noted before it destroyed the container.
TaskOutcome outcome_of(const std::optional<mesos::containerizer::Termination>& termination,
                       const std::optional<TaskOutcome>& pending, bool command_task,
                       Release release);

}  // namespace containerizer::player
