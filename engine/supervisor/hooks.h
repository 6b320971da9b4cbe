// Programs of the operator's that accompany a container: one before it is created, one after its
// end is on record. Each is run at least once, and again when the supervisor dies before it has
// recorded that the step is done.
//
// A hook runs as the supervisor's user, without a shell, in a session of its own, in the directory
// "/". What it prints goes to the sandbox's `stderr`. After CONTAINERIZER_HOOK_TIMEOUT its process
// group is killed; it is killed, too, when the supervisor dies. Its environment is the
// supervisor's, with a PATH if there is none, without the slave's own settings, and with these in
// place of all CONTAINER_*; nothing in it is of the task's variables:
//
//   CONTAINER_HOOK                   launch, end
//   CONTAINER_ID, CONTAINER_NAME     Mesos' id, Docker's name
//   CONTAINER_IMAGE, CONTAINER_DOCKER_ID
//   CONTAINER_SANDBOX                its path on the host
//   CONTAINER_FRAMEWORK_ID, CONTAINER_EXECUTOR_ID, CONTAINER_TASK_ID
//   CONTAINER_END                    the kind of the end, as in the database
//   CONTAINER_EXIT_CODE, CONTAINER_SIGNAL
//
// What is not known, or not yet, has no variable.
#pragma once

#include <functional>
#include <optional>

#include "engine/container/services.h"

namespace containerizer {

// Runs the launch hook, if there is one. What is wrong with it is logged.
// refused: it did not succeed, and CONTAINERIZER_HOOK_FAILURE=fail; the text says why.
// interrupted: `is_called_off` said so, and it was killed.
Status run_launch_hook(const Services& services, const store::Container& container,
                       const std::function<bool()>& is_called_off);

// The same of the end hook, whose failure changes nothing.
void run_end_hook(const Services& services, const store::Container& container,
                  const std::optional<store::Termination>& termination);

}  // namespace containerizer
