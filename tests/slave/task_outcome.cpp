#include "tests/slave/task_outcome.h"

#include <array>

namespace containerizer::player {

using mesos::containerizer::Termination;

namespace {

const std::string wait_failed = "Abnormal executor termination";

// By number.
constexpr std::array<const char*, 25> names = {"COMMAND_EXECUTOR_FAILED",
                                               "EXECUTOR_TERMINATED",
                                               "EXECUTOR_UNREGISTERED",
                                               "FRAMEWORK_REMOVED",
                                               "GC_ERROR",
                                               "INVALID_FRAMEWORKID",
                                               "INVALID_OFFERS",
                                               "MASTER_DISCONNECTED",
                                               "CONTAINER_LIMITATION_MEMORY",
                                               "RECONCILIATION",
                                               "SLAVE_DISCONNECTED",
                                               "SLAVE_REMOVED",
                                               "SLAVE_RESTARTED",
                                               "SLAVE_UNKNOWN",
                                               "TASK_INVALID",
                                               "TASK_UNAUTHORIZED",
                                               "TASK_UNKNOWN",
                                               "CONTAINER_PREEMPTED",
                                               "RESOURCES_UNKNOWN",
                                               "CONTAINER_LIMITATION",
                                               "CONTAINER_LIMITATION_DISK",
                                               "CONTAINER_LAUNCH_FAILED",
                                               "CONTAINER_UPDATE_FAILED",
                                               "EXECUTOR_REGISTRATION_TIMEOUT",
                                               "EXECUTOR_REREGISTRATION_TIMEOUT"};

TaskOutcome old_outcome(const std::optional<Termination>& termination, bool command_task,
                        Release release) {
  TaskOutcome outcome;
  const bool killed = termination && termination->killed();
  outcome.state = killed || command_task ? "TASK_FAILED" : "TASK_LOST";
  outcome.message = termination ? termination->message() : wait_failed;
  if (release.has_reasons()) {
    outcome.reason = killed         ? reason_memory_limit
                     : command_task ? reason_command_executor_failed
                                    : reason_executor_terminated;
  }
  return outcome;
}

TaskOutcome new_outcome(const std::optional<Termination>& termination,
                        const std::optional<TaskOutcome>& pending) {
  TaskOutcome outcome{"TASK_FAILED", reason_executor_terminated, ""};
  if (pending) outcome = *pending;
  if (termination && termination->has_state()) outcome.state = TaskState_Name(termination->state());
  if (termination && termination->reasons_size() > 0) outcome.reason = termination->reasons(0);
  const std::string said = termination ? termination->message() : wait_failed;
  if (!outcome.message.empty() && !said.empty()) outcome.message += "; ";
  outcome.message += said;
  if (outcome.message.empty()) outcome.message = "Executor terminated";
  return outcome;
}

}  // namespace

std::string reason_name(std::optional<int> reason, Release release) {
  if (!reason || !release.has_reasons()) return {};
  const auto number = static_cast<std::size_t>(*reason);
  if (number >= names.size()) return std::to_string(*reason);
  const bool renamed = number == reason_memory_limit && !release.termination_carries_state();
  return std::string("REASON_") + (renamed ? "MEMORY_LIMIT" : names[number]);
}

TaskOutcome outcome_of(const std::optional<Termination>& termination,
                       const std::optional<TaskOutcome>& pending, bool command_task,
                       Release release) {
  if (release.termination_carries_state()) return new_outcome(termination, pending);
  return old_outcome(termination, command_task, release);
}

}  // namespace containerizer::player
