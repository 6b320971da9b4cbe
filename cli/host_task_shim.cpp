// keep: the process that runs a task without an image on the host, and sees its end.
#include "cli/invocation.h"
#include "engine/host_task/shim.h"

namespace containerizer {

int host_task_shim(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return fail("host-task-shim takes a directory", exit_usage);
  run_host_task(HostTaskDirectory(invocation.arguments[0]), Fd(invocation.output));
  return exit_ok;
}

}  // namespace containerizer
