// supervise: the process that owns a container and drives its lifecycle. It is detached from the
// process that started it.
#include <utility>

#include "cli/invocation.h"
#include "engine/container/identity.h"
#include "engine/container/start_supervisor.h"
#include "engine/supervisor/supervisor.h"

namespace containerizer {

int supervise(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return fail("supervise needs a container ID", exit_usage);
  const auto& id = invocation.arguments[0];
  // Files are named by the ID.
  if (!is_valid_container_id(id)) return fail("this is not a container ID", exit_usage);
  // The process that started us reads the original standard output.
  Fd report(invocation.output);
  LifeLock lock(invocation.settings.state_directory(), id, true);
  const bool ours = lock.try_own(invocation.host);
  report_ready(std::move(report));
  // Another supervisor was faster, and the container has what it needs.
  if (!ours) return exit_ok;
  supervise(invocation, lock, id);
  return exit_ok;
}

}  // namespace containerizer
