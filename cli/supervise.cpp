// supervise: the process that owns a container's lifecycle, detached from everybody.
#include <utility>

#include "cli/call.h"
#include "engine/supervision.h"
#include "engine/supervisor.h"

namespace containerizer {

int supervise(Call& call) {
  if (call.arguments.size() != 1) return fail("supervise takes a container id", exit_usage);
  const auto& id = call.arguments[0];
  // Descriptor 1 is standard error by now; the one that was given is for the report.
  Fd report(call.output);
  LifeLock lock(call.config.state_directory(), id, true);
  const bool ours = lock.try_own(call.host);
  report_ready(std::move(report));
  if (!ours) return exit_ok;
  supervise(call, lock, id);
  return exit_ok;
}

}  // namespace containerizer
