// Prepares the programs of Mesos that run on the host for a task: mesos-fetcher, and for command
// tasks mesos-executor. Both write their output to the sandbox.
#pragma once

#include <string>

#include "containerizer.pb.h"
#include "engine/translation/fetch_request.h"
#include "host/environment.h"
#include "host/fd.h"
#include "host/process.h"
#include "host/result.h"
#include "store/store.h"

namespace containerizer {

// A program to start. Owns the files in the sandbox to which `program` refers.
struct SandboxProgram {
  Program program;
  Fd output;
  Fd error;
};

// Prepares mesos-fetcher for `uri`, to be fetched into `directory`. It is killed when the process
// that starts it dies. `environment` is that of the launch, here and below. refused: the sandbox
// cannot be written. REQUIRES: check_uris().
Result<SandboxProgram> fetcher_program(const store::Container& container,
                                       const mesos::CommandInfo::URI& uri,
                                       const std::string& directory,
                                       const Environment& environment);

// Prepares mesos-executor, which reports the task to the slave. `program` is the path of this
// program, which mesos-executor runs as `task-proxy`. refused: mesos-executor is missing, or the
// sandbox cannot be written.
Result<SandboxProgram> executor_program(const store::Container& container,
                                        const mesos::containerizer::Launch& launch,
                                        const Environment& environment, const std::string& program);

}  // namespace containerizer
