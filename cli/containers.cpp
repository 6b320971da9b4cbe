// containers: lists the containers that the slave must know about. If one is missing, the slave
// loses it and it leaks; one that should not be listed is destroyed (mesos-protocol 2.1). So the
// list contains every recorded container whose end is not delivered yet, and every container of
// ours in the daemon that has no row. If the daemon does not respond, the verb fails instead of
// guessing.
#include <set>

#include "cli/invocation.h"
#include "containerizer.pb.h"
#include "engine/container/identity.h"
#include "host/sandbox.h"

namespace containerizer {

int containers(Invocation& invocation) {
  const auto undelivered = invocation.store.undelivered();
  std::set<std::string> ids(undelivered.begin(), undelivered.end());
  invocation.store.close();
  auto seen = invocation.docker.list(instance_label, invocation.settings.work_directory);
  if (!seen.ok()) return fail("cannot list the containers: " + seen.failure().text);
  for (const auto& facts : seen.value()) {
    const auto row = rebuild(facts);
    if (row && !invocation.store.find(row->container_id) &&
        !invocation.store.has_nonce(row->nonce) &&
        has_plain_way(invocation.settings.work_directory, row->directory)) {
      ids.insert(row->container_id);
    }
  }
  mesos::containerizer::Containers message;
  for (const auto& id : ids) message.add_containers()->set_value(id);
  if (!invocation.slave.answer(message.SerializeAsString())) {
    return fail("cannot write the reply: the slave has closed the pipe");
  }
  return exit_ok;
}

}  // namespace containerizer
