#include "engine/child.h"

#include <csignal>

namespace containerizer {
namespace {

// What the kernel may take for a SIGKILL. A process that it cannot end is left behind.
constexpr Duration longest_death{2'000};

void kill(const World& world, const ProcessId& child, const Fd& ended) {
  world.host.signal_group(child, SIGKILL);
  world.host.poll({ended.get()}, world.host.now() + longest_death);
  world.host.reap(child);
}

}  // namespace

Result<std::optional<int>> run_child(const World& world, const Program& program, Deadline latest,
                                     const std::function<bool()>& is_called_off) {
  const Failure called_off{Fault::interrupted, program.arguments[0] + " was called off"};
  if (is_called_off()) return called_off;
  world.store.close();
  const auto child = world.host.start(program);
  if (!child.ok()) return child.failure();
  const Fd ended = world.host.watch(child.value());
  while (ended.valid()) {
    if (world.host.now() >= latest) {
      kill(world, child.value(), ended);
      return Failure{Fault::unavailable, program.arguments[0] + " took too long and was killed"};
    }
    world.store.close();
    const auto ready = world.host.poll({world.host.wake(), ended.get()}, latest);
    if (ready[1]) break;
    world.host.clear_wake();
    if (is_called_off()) {
      world.store.close();
      kill(world, child.value(), ended);
      return called_off;
    }
  }
  return world.host.reap(child.value());
}

}  // namespace containerizer
