// launch: puts the request on record, sees that it has a supervisor, and is done. Everything that
// can go wrong later reaches the slave through `wait`: a failed launch carries no message, and
// hangs the task of a 0.19 slave (mesos-protocol 1.7).
#include <fmt/core.h>

#include "cli/call.h"
#include "engine/host/log.h"
#include "engine/launch_record.h"
#include "engine/supervision.h"

namespace containerizer {

int launch(Call& call) {
  auto message = parse<mesos::containerizer::Launch>(call, "Launch");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  auto container = new_container(message.value());
  if (!container.ok()) return fail(container.failure().text, exit_bad_request);
  container.value().boot_id = call.host.boot();
  const auto& id = container.value().container_id;

  const store::Launch record{call.request, pack_environment(call.environment)};
  if (!call.store.insert(container.value(), record, initial_limits(message.value()), "launch")) {
    const auto before = call.store.launch_of(id);
    if (!before || before->request != call.request) {
      return fail(fmt::format("container {} has been launched already, with another request", id));
    }
    log::info("container {} has been launched already", id);
  }
  const auto supervised = ensure_supervisor(call, id, container.value().directory);
  // It is on record: `wait` and `recover` see to a supervisor too.
  if (!supervised.ok()) log::error("{}", supervised.failure().text);
  return exit_ok;
}

}  // namespace containerizer
