// How mesos-executor, which reports a command task to the slave, is started on the host: it runs
// our observer in place of the task's command. Facts: mesos-protocol 1.4, 5.2, 6.1 to 6.3. Pure.
#pragma once

#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "host/environment.h"
#include "host/result.h"

namespace containerizer {

// Where mesos-executor and mesos-fetcher lie: MESOS_LIBEXEC_DIRECTORY of the launch, or where Mesos
// installs them.
std::string launcher_directory(const Environment& environment);

// The command line for a command task. `program` is the absolute path of this program, which
// mesos-executor will run as `program observe container_id`. The form fits the slave: from 1.0 on,
// which shows in a --launcher_dir argument, --task_command; before that --override. Where
// mesos-executor is, only MESOS_LIBEXEC_DIRECTORY says: the message can be a framework's.
//
// refused: MESOS_LIBEXEC_DIRECTORY is missing.
Result<std::vector<std::string>> executor_argv(const mesos::containerizer::Launch& launch,
                                               const Environment& environment,
                                               const std::string& program,
                                               const std::string& container_id);

// The environment for mesos-executor and, through it, our observer: what the slave gave, without
// its own settings (see without_slave_settings), with executor_variables() for the sandbox on the
// host. Of Mesos' own names it keeps those the observer needs to find its store and tools.
//
// CommandInfo.environment is left out, unlike with the native containerizers: it belongs to the
// task, which is in the container, and must not steer (LD_PRELOAD, PATH, DOCKER_HOST) a process
// that runs on the host with the slave's rights.
Environment executor_environment(const mesos::containerizer::Launch& launch,
                                 const Environment& environment);

// The MESOS_* variables that any executor reads, wherever it runs, with `directory` as the sandbox
// in its eyes. Derived from the message: a setting of the slave may shadow what the slave means to
// pass (from 0.23 on). Only what the message does not hold is taken from `environment`, with the
// slave's defaults.
Environment executor_variables(const mesos::containerizer::Launch& launch,
                               const Environment& environment, const std::string& directory);

// `environment` for a Mesos program on the host that is not the slave: all MESOS_* are dropped (the
// slave's settings, among them where it logs to) but MESOS_WORK_DIRECTORY, MESOS_LIBEXEC_DIRECTORY
// and MESOS_NATIVE_*; LIBPROCESS_PORT is 0 and LIBPROCESS_ADVERTISE_* are dropped, or the program
// would bind the slave's port.
Environment without_slave_settings(const Environment& environment);

}  // namespace containerizer
