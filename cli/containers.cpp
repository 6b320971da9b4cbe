// containers: lists the containers that the slave must know about. If one is missing, the slave
// loses it and it leaks; one that should not be listed is destroyed (mesos-protocol 2.1). So the
// list contains every recorded container whose end is not delivered yet, or was read by a slave
// that has died since, and every container of ours in the daemon that has no row. If the daemon
// does not respond, the verb fails instead of guessing.
#include <set>
#include <vector>

#include "cli/invocation.h"
#include "containerizer.pb.h"
#include "engine/container/identity.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

// A slave that has read an end must still notice the exit of `wait`, which can take it a second
// (mesos-protocol 1.6), and record the end in its checkpoints. A slave that did something this much
// later has done so, even if it was busy (docs/decisions.md 67).
constexpr Duration longest_taking{10'000};

// The containers whose end a slave may have read in vain, because it died too soon.
std::vector<std::string> read_by_the_dead(Invocation& invocation) {
  std::vector<std::string> ids;
  for (const auto& reading : invocation.store.last_readings(longest_taking)) {
    if (invocation.host.life_of(reading.reader) != Life::alive) ids.push_back(reading.container_id);
  }
  return ids;
}

}  // namespace

int containers(Invocation& invocation) {
  const auto undelivered = invocation.store.undelivered();
  std::set<std::string> ids(undelivered.begin(), undelivered.end());
  for (auto& id : read_by_the_dead(invocation)) ids.insert(std::move(id));
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
