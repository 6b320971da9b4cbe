// launch: records the request, makes sure that the container has a supervisor, and exits. All later
// errors reach the slave through `wait`. A launch that fails could not report a message, and a 0.19
// slave would leave the task in STAGING (mesos-protocol 1.7).

#include "cli/callers.h"
#include "cli/invocation.h"
#include "engine/container/launch_record.h"
#include "engine/container/start_supervisor.h"
#include "engine/docker/digest.h"
#include "engine/translation/launch_bounds.h"
#include "host/format.h"
#include "host/log.h"

namespace containerizer {
namespace {

// What is recorded of a request. The supervisor refuses a launch that asks for too much, and needs
// only as much of it as that takes.
std::string recorded(const std::string& request, mesos::containerizer::Launch& launch) {
  if (check_bounds(launch).ok()) return request;
  cut_to_bounds(launch);
  return launch.SerializePartialAsString();
}

// Whether both are records of one request. Only the hash remains once the container is Gone. An
// older program has recorded none.
bool is_same(const store::Launch& before, const store::Launch& now) {
  return before.request_hash.empty() ? before.request == now.request
                                     : before.request_hash == now.request_hash;
}

}  // namespace

int launch(Invocation& invocation) {
  auto message = parse<mesos::containerizer::Launch>(invocation, "Launch");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  auto container = new_container(message.value());
  if (!container.ok()) return fail(container.failure().text, exit_bad_request);
  container.value().boot_id = invocation.host.boot();
  const auto& id = container.value().container_id;

  invocation.slave.remember();
  const store::Launch record{recorded(invocation.request, message.value()),
                             pack_environment(invocation.environment),
                             sha256_hex(invocation.request)};
  if (!invocation.store.insert(container.value(), record, initial_limits(message.value()),
                               "launch")) {
    const auto before = invocation.store.launch_of(id);
    if (!before || !is_same(*before, record)) {
      return fail(formatted("container {} was already launched with a different request", id));
    }
    log::info("container {} was already launched", id);
  }
  note_slave(invocation, id, store::Purpose::launch);
  const auto supervised = ensure_supervisor(invocation, id, container.value().directory);
  // Not a failure: the launch is recorded, and `wait` and `recover` start a supervisor too.
  if (!supervised.ok()) log::error("{}", supervised.failure().text);
  return exit_ok;
}

}  // namespace containerizer
