// The programs of Mesos' that run on the host for a task: mesos-fetcher, and for command tasks
// mesos-executor. Both say what they have to say in the sandbox.
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

// A program to start, with the files of the sandbox that it writes to, which it names.
struct SandboxProgram {
  Program program;
  Fd output;
  Fd error;
};

// Fetches `uri` into `directory`. It ends with the process that starts it. refused: there is no
// sandbox to write to. `environment` is that of the launch, here and below. REQUIRES: check_uris().
Result<SandboxProgram> fetcher_program(const store::Container& container,
                                       const mesos::CommandInfo::URI& uri,
                                       const std::string& directory,
                                       const Environment& environment);

// Reports the task to the slave; `program` is the path of this program, for it to observe with.
// refused: it cannot be found, or there is no sandbox to write to.
Result<SandboxProgram> executor_program(const store::Container& container,
                                        const mesos::containerizer::Launch& launch,
                                        const Environment& environment, const std::string& program);

}  // namespace containerizer
