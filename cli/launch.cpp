// launch: puts the request on record, sees that it has a supervisor, and is done. Everything that
// can go wrong later reaches the slave through `wait`: a failed launch carries no message, and
// hangs the task of a 0.19 slave (mesos-protocol 1.7).
#include <fmt/core.h>

#include "cli/invocation.h"
#include "engine/container/launch_record.h"
#include "engine/container/start_supervisor.h"
#include "host/log.h"

namespace containerizer {

int launch(Invocation& invocation) {
  auto message = parse<mesos::containerizer::Launch>(invocation, "Launch");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  auto container = new_container(message.value());
  if (!container.ok()) return fail(container.failure().text, exit_bad_request);
  container.value().boot_id = invocation.host.boot();
  const auto& id = container.value().container_id;

  const store::Launch record{invocation.request, pack_environment(invocation.environment)};
  if (!invocation.store.insert(container.value(), record, initial_limits(message.value()),
                               "launch")) {
    const auto before = invocation.store.launch_of(id);
    if (!before || before->request != invocation.request) {
      return fail(fmt::format("container {} has been launched already, with another request", id));
    }
    log::info("container {} has been launched already", id);
  }
  const auto supervised = ensure_supervisor(invocation, id, container.value().directory);
  // It is on record: `wait` and `recover` see to a supervisor too.
  if (!supervised.ok()) log::error("{}", supervised.failure().text);
  return exit_ok;
}

}  // namespace containerizer
