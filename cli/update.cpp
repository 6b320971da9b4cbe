// update: records new limits and applies them. A problem with the daemon, the container or the
// database is logged and is not a failure: a slave destroys a container whose update fails
// (mesos-protocol 1.7). The limits stay recorded, and are applied when the container starts or gets
// a new supervisor.
#include "cli/callers.h"
#include "cli/invocation.h"
#include "cli/upgrade.h"
#include "engine/container/launch_record.h"
#include "engine/supervisor/resource_limits.h"
#include "engine/translation/resources.h"
#include "host/log.h"

namespace containerizer {
int update(Invocation& invocation) {
  auto message = parse<mesos::containerizer::Update>(invocation, "Update");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  const auto wanted = sum_resources(message.value().resources());
  if (!wanted.cpus && !wanted.memory) return exit_ok;
  std::optional<std::int64_t> memory;
  if (wanted.memory) memory = memory_limit(*wanted.memory);
  try {
    const auto container = invocation.store.find(id);
    if (!container) {
      log::info("container {} is unknown; nothing to update", id);
      return exit_ok;
    }
    invocation.slave.remember();
    note_slave(invocation, id, store::Purpose::update);
    invocation.store.set_limits(id, wanted.cpus, memory);
    const auto state = state_of(*container);
    if ((state == State::running || state == State::starting) && container->docker_id) {
      ContainerFacts seen;
      seen.id = *container->docker_id;
      apply_limits(invocation, *container, seen);
    }
  } catch (const store::StoreError& error) {
    begin_again_if_newer(invocation, "update", error);
    log::error("cannot record the new limits of container {}: {}", id, error.what());
  }
  return exit_ok;
}

}  // namespace containerizer
