// Describes how to start mesos-executor on the host. mesos-executor reports a command task to the
// slave. It runs our task proxy in place of the task's command. Facts: mesos-protocol 1.4, 5.2, 6.1
// to 6.3. Pure.
#pragma once

#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "host/environment.h"
#include "host/result.h"

namespace containerizer {

// The directory of mesos-fetcher: MESOS_LIBEXEC_DIRECTORY of the launch, or Mesos' default.
std::string launcher_directory(const Environment& environment);

// The command line of mesos-executor for a command task. mesos-executor runs `program task-proxy
// container_id`, where `program` is the absolute path of this program. The form depends on the
// slave: --task_command for Mesos 1.0 and later, --override for older releases.
//
// Only MESOS_LIBEXEC_DIRECTORY determines the path of mesos-executor, because a framework can
// control the path in the message.
//
// refused: MESOS_LIBEXEC_DIRECTORY is not set to an absolute path.
Result<std::vector<std::string>> executor_argv(const mesos::containerizer::Launch& launch,
                                               const Environment& environment,
                                               const std::string& program,
                                               const std::string& container_id);

// The environment of mesos-executor, which passes it to our task proxy: executor_variables() for
// the sandbox on the host, and `environment` (the launch's) without_slave_settings().
//
// Unlike with the native containerizers, it does not include CommandInfo.environment. The task
// controls these variables (LD_PRELOAD, PATH, DOCKER_HOST, …), and mesos-executor runs on the host
// with the slave's rights.
Environment executor_environment(const mesos::containerizer::Launch& launch,
                                 const Environment& environment);

// The MESOS_* variables that every executor reads, on the host or in a container. `directory` is
// the sandbox's path there. Most values come from the message, because the slave's own settings can
// hide the variables that the slave means to pass (Mesos 0.23 and later). The others come from
// `environment`; their defaults are the slave's.
Environment executor_variables(const mesos::containerizer::Launch& launch,
                               const Environment& environment, const std::string& directory);

// `environment` without the settings of the slave, for another program on the host. Removes all
// MESOS_* except MESOS_WORK_DIRECTORY, MESOS_LIBEXEC_DIRECTORY and MESOS_NATIVE_*. The others
// configure the slave, for example its log directory. Removes LIBPROCESS_ADVERTISE_* and sets
// LIBPROCESS_PORT to 0, because the program would otherwise bind the slave's port.
Environment without_slave_settings(const Environment& environment);

}  // namespace containerizer
