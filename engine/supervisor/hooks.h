// Runs the operator's hooks: one before a container is created, one after its end is recorded. Each
// runs at least once. It runs again if the supervisor dies before it has recorded the step.
//
// A hook runs as the supervisor's user, without a shell, in its own session, in the directory "/".
// Its output goes to the sandbox's `stderr`. Its process group is killed after
// CONTAINERIZER_HOOK_TIMEOUT, and when the supervisor dies. Its environment is the supervisor's
// without_slave_settings(). A PATH is added if there is none. The variables below replace all
// CONTAINER_*. The task's variables are not in it.
//
//   CONTAINER_HOOK                   launch, end
//   CONTAINER_ID, CONTAINER_NAME     Mesos' ID, Docker's name
//   CONTAINER_IMAGE, CONTAINER_DOCKER_ID
//   CONTAINER_SANDBOX                its path on the host
//   CONTAINER_FRAMEWORK_ID, CONTAINER_EXECUTOR_ID, CONTAINER_TASK_ID
//   CONTAINER_END                    the kind of the termination, as in the database
//   CONTAINER_EXIT_CODE, CONTAINER_SIGNAL
//
// A value that is not known, or not known yet, has no variable.
#pragma once

#include <functional>
#include <optional>

#include "engine/container/services.h"

namespace containerizer {

// Runs the launch hook, if there is one. Logs its failure if CONTAINERIZER_HOOK_FAILURE=ignore.
// refused: it failed, and CONTAINERIZER_HOOK_FAILURE=fail; the text says why. interrupted:
// `is_cancelled` returned true, and the hook was killed.
Status run_launch_hook(const Services& services, const store::Container& container,
                       const std::function<bool()>& is_cancelled);

// Runs the end hook, if there is one. Logs its failure.
void run_end_hook(const Services& services, const store::Container& container,
                  const std::optional<store::Termination>& termination);

}  // namespace containerizer
