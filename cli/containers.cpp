// containers: whom the slave must know of. Left out, a container is lost to the slave and leaked;
// named wrongly, it is destroyed (mesos-protocol 2.1). So: what is recorded and not yet delivered,
// what the daemon holds of ours beyond that, and no answer at all when the daemon cannot be asked.
#include <set>

#include "cli/invocation.h"
#include "containerizer.pb.h"
#include "engine/container/identity.h"

namespace containerizer {

int containers(Invocation& invocation) {
  const auto undelivered = invocation.store.undelivered();
  std::set<std::string> ids(undelivered.begin(), undelivered.end());
  invocation.store.close();
  auto seen = invocation.docker.list(instance_label, invocation.settings.work_directory);
  if (!seen.ok()) return fail("cannot tell which containers there are: " + seen.failure().text);
  for (const auto& facts : seen.value()) {
    const auto row = rebuild(facts);
    if (row && !invocation.store.find(row->container_id) &&
        !invocation.store.has_nonce(row->nonce)) {
      ids.insert(row->container_id);
    }
  }
  mesos::containerizer::Containers message;
  for (const auto& id : ids) message.add_containers()->set_value(id);
  if (!invocation.slave.answer(message.SerializeAsString())) {
    return fail("cannot write the answer: the slave is gone");
  }
  return exit_ok;
}

}  // namespace containerizer
