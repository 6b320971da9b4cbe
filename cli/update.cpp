// update: new limits. Whatever is wrong with the engine or the container is no failure: from 0.22
// on a failed update destroys the container (mesos-protocol 1.7). What is wanted stays on record.
#include <fmt/core.h>

#include "cli/call.h"
#include "engine/host/log.h"
#include "engine/launch_plan.h"
#include "engine/life_lock.h"
#include "engine/limits.h"
#include "engine/running_facts.h"

namespace containerizer {
namespace {

// Of updates that overlap, the one that started last decides.
void apply(Call& call, const std::string& id, std::int64_t ticket) {
  LockFile turn(life_file(call.config.state_directory(), id, ".lock"), true);
  constexpr int updating = 8;  // a byte behind the phases
  call.store.rest();
  const auto deadline = deadline_in(call.config.engine_timeout);
  if (turn.lock(updating, LockFile::Mode::exclusive, deadline) != LockFile::Outcome::locked) {
    log::warn("container {}: an earlier update does not end; the limits are on record only", id);
    return;
  }
  const auto container = call.store.find(id);
  const auto limits = call.store.limits_of(id);
  if (!container || !limits || limits->ticket != ticket || !container->docker_id) return;
  const auto body = update_body(*limits);
  call.store.rest();
  const auto updated = call.docker()->update(*container->docker_id, body);
  if (!updated.ok()) {
    log::warn("the limits of container {} are not applied: {}", id, updated.failure().text);
    return;
  }
  call.store.set_hard_memory(id, hard_memory_after(*limits));
  write_running_facts(call.config.state_directory(), *container,
                      call.store.limits_of(id).value_or(*limits));
}

}  // namespace

int update(Call& call) {
  auto message = parse<mesos::containerizer::Update>(call, "Update");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  const auto container = call.store.find(id);
  if (!container) {
    log::info("container {} is not known; nothing to update", id);
    return exit_ok;
  }
  const auto wanted = sum_resources(message.value().resources());
  if (!wanted.cpus && !wanted.memory) return exit_ok;
  std::optional<std::int64_t> memory;
  if (wanted.memory) memory = memory_limit(*wanted.memory);
  const auto ticket = call.store.set_limits(id, wanted.cpus, memory);
  const auto state = state_named(container->state);
  if (state == State::running || state == State::starting) apply(call, id, ticket);
  return exit_ok;
}

}  // namespace containerizer
