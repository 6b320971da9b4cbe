// supervise: the process that owns a container's lifecycle, detached from everybody.
#include <utility>

#include "cli/invocation.h"
#include "engine/container/start_supervisor.h"
#include "engine/supervisor/supervisor.h"

namespace containerizer {

int supervise(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return fail("supervise takes a container id", exit_usage);
  const auto& id = invocation.arguments[0];
  // Descriptor 1 is standard error by now; the one that was given is for the report.
  Fd report(invocation.output);
  LifeLock lock(invocation.settings.state_directory(), id, true);
  const bool ours = lock.try_own(invocation.host);
  report_ready(std::move(report));
  if (!ours) return exit_ok;
  supervise(invocation, lock, id);
  return exit_ok;
}

}  // namespace containerizer
