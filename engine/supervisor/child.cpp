#include "engine/supervisor/child.h"

#include <csignal>

namespace containerizer {
namespace {

// How long to wait for the end of a process after SIGKILL. The kernel cannot end a process that
// hangs in a system call, for example on a broken network file system. Such a process is left.
constexpr Duration kill_timeout{2'000};

void kill(const Services& services, const ProcessId& child, const Fd& ended) {
  services.host.signal_group(child, SIGKILL);
  services.host.poll({ended.get()}, services.host.now() + kill_timeout);
  services.host.reap(child);
}

}  // namespace

Result<std::optional<int>> run_child(const Services& services, const Program& program,
                                     Deadline latest, const std::function<bool()>& is_cancelled) {
  const Failure cancelled{Fault::interrupted, program.arguments[0] + " was cancelled"};
  if (is_cancelled()) return cancelled;
  services.store.close();
  const auto child = services.host.start(program);
  if (!child.ok()) return child.failure();
  const Fd ended = services.host.exit_descriptor(child.value());
  while (ended.valid()) {
    if (services.host.now() >= latest) {
      kill(services, child.value(), ended);
      return Failure{Fault::unavailable,
                     program.arguments[0] + " exceeded its time limit and was killed"};
    }
    // Requests may have opened the database. No connection stays open while we wait.
    services.store.close();
    const auto ready = services.host.poll({services.host.wake(), ended.get()}, latest);
    if (ready[1]) break;
    services.host.clear_wake();
    if (is_cancelled()) {
      services.store.close();
      kill(services, child.value(), ended);
      return cancelled;
    }
  }
  return services.host.reap(child.value());
}

}  // namespace containerizer
