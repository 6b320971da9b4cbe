// The task status that the slave sends instead of the executor when a container ends.
#pragma once

#include <optional>
#include <string>

#include "containerizer.pb.h"
#include "tests/slave/version.h"

namespace containerizer::player {

// The numbers of TaskStatus.Reason that the slave itself uses.
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

// The release's name "REASON_...", or the number if it has no name. Empty if the release has no
// reasons.
std::string reason_name(std::optional<int> reason, Release release);

// The status of a task whose executor ended without one. `termination` is empty if `wait` failed.
// `pending` is the status that the slave recorded before it destroyed the container.
TaskOutcome outcome_of(const std::optional<mesos::containerizer::Termination>& termination,
                       const std::optional<TaskOutcome>& pending, bool command_task,
                       Release release);

}  // namespace containerizer::player
