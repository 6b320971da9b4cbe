// host-task-shim: runs a host task's program and records its exit code.
#include "cli/invocation.h"
#include "engine/host_task/shim.h"

namespace containerizer {

int host_task_shim(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return fail("host-task-shim needs a directory", exit_usage);
  run_host_task(HostTaskDirectory(invocation.arguments[0]), Fd(invocation.output));
  return exit_ok;
}

}  // namespace containerizer
