// Translates a launch without an image into a host task.
#pragma once

#include "engine/translation/launch_plan.h"

namespace containerizer {

// The plan of a host task; engine/host_task/runtime.h describes the body of its create request. The
// task runs its command as Mesos' own containerizer does (mesos-protocol 5.4), in the sandbox. If
// the slave names a user, the task runs as the sandbox's owner: `owner` is "uid:gid", or "" if the
// sandbox does not exist.
//
// Environment: variables of the first source override those of the next one.
//   1. what describes this task (MESOS_SANDBOX and the like),
//   2. the task's own variables,
//   3. HOME, which is the sandbox,
//   4. those of the slave's variables that are of use to tasks.
//
// refused: the launch asks for something that needs a container, names no command, or would run as
// root where the policy forbids privileged tasks. Pure.
Result<LaunchPlan> make_host_task_plan(const mesos::containerizer::Launch& launch,
                                       const Environment& environment, const Policy& policy,
                                       const std::string& owner);

}  // namespace containerizer
