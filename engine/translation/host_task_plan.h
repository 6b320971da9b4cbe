// What a launch without an image asks for, when such tasks run on the host itself.
#pragma once

#include "engine/translation/launch_plan.h"

namespace containerizer {

// The plan of a plain process (engine/host_task/runtime.h): the command as Mesos' own containerizer
// runs it (mesos-protocol 5.4), in the sandbox, as the sandbox's owner where the slave names a
// user. Environment, from the stronger to the weaker: what says where the task is, its own
// variables, HOME, which is the sandbox, and what the slave gave of variables that are of use to
// anybody.
//
// refused: the launch asks for what only a container can have, names no command, or would run as
// root where the policy lets no task be privileged. Pure.
Result<LaunchPlan> make_host_task_plan(const mesos::containerizer::Launch& launch,
                                       const Environment& environment, const Policy& policy,
                                       const std::string& owner);

}  // namespace containerizer
