// observe: what mesos-executor runs in place of the task's command. It ends when the container has,
// with the container's exit code, and turns SIGTERM into a request to stop the container: the
// executor's kill reaches only this process.
#include <fmt/core.h>

#include <csignal>

#include "cli/backoff.h"
#include "cli/call.h"
#include "engine/ending.h"
#include "engine/host/log.h"
#include "engine/life_lock.h"
#include "engine/supervision.h"

namespace containerizer {
namespace {

void ask_to_stop(Call& call, const store::Container& container) {
  const auto& id = container.container_id;
  insist(call.host, [&] { call.store.request(id, "stop"); });
  const auto nudged =
      insist(call.host, [&] { return nudge_supervisor(call, id, container.directory); });
  if (!nudged.ok()) log::error("{}", nudged.failure().text);
}

}  // namespace

int observe(Call& call) {
  if (call.arguments.size() != 1) return fail("observe takes a container id", exit_usage);
  const auto& id = call.arguments[0];
  const auto container = insist(call.host, [&] { return call.store.find(id); });
  if (!container) return fail(fmt::format("container {} is not known", id));
  call.store.close();
  InterruptibleSignal terminate(SIGTERM);
  Backoff backoff(call.host);
  for (;;) {
    LifeLock lock(call.config.state_directory(), id, false);
    const auto outcome = lock.await_passed(call.host, Phase::outcome, {}, terminate.flag());
    if (outcome == LockFile::Outcome::interrupted) {
      terminate.reset();
      ask_to_stop(call, *container);
      continue;
    }
    if (const auto ending = insist(call.host, [&] { return call.store.termination_of(id); })) {
      return exit_status_for(*ending, insist(call.host, [&] {
        return call.store.has_event(id, name_of(Event::stop_requested));
      }));
    }
    // Its supervisor died. The container lives on, and so does what we stand for.
    call.store.close();
    backoff.before_try();
    const auto supervised = ensure_supervisor(call, id, container->directory);
    if (!supervised.ok()) log::error("{}", supervised.failure().text);
  }
}

}  // namespace containerizer
