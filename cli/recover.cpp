// recover: after a restart of the slave, the daemon or the host, makes what is recorded and what is
// true one again. Every container that is not gone gets a supervisor, which reconciles it;
// containers of ours without a row get one; what should be gone is removed.
#include <fmt/core.h>

#include <filesystem>
#include <map>

#include "cli/call.h"
#include "engine/host/log.h"
#include "engine/identity.h"
#include "engine/life_lock.h"
#include "engine/supervision.h"

namespace containerizer {
namespace {

// An unreadable database is set aside, never deleted; labels of containers carry the same identity.
void open_or_set_aside(Call& call) {
  try {
    call.store.undelivered();
    return;
  } catch (const store::UnreadableDatabase& error) {
    log::error("{}", error.what());
  }
  call.store.rest();
  const auto path = call.config.state_directory() + "/state.db";
  const auto aside = fmt::format("{}.unreadable-{}", path, store::now().wall);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::rename(path + suffix, aside + suffix, ignored);
  }
  log::error("set the state database aside as {}; what Docker knows is rebuilt from labels", aside);
  call.store.undelivered();
}

void adopt(Call& call, Docker& docker, store::Container row) {
  log::warn("container {} was not recorded any more; taking it up from its labels",
            row.container_id);
  row.boot_id = boot_id();
  // Its limits are as far away as its frame; the hard one must not be lowered all the same.
  store::Limits limits;
  call.store.rest();
  const auto whole = docker.inspect(*row.docker_id);
  if (whole.ok() && whole.value().memory_limit > 0) limits.hard_memory = whole.value().memory_limit;
  call.store.insert(row, {}, limits, "recover");
}

// Containers of this instance in the engine, against the rows.
void reconcile_engine(Call& call, Docker& docker, const std::vector<ContainerFacts>& seen) {
  for (const auto& facts : seen) {
    auto row = rebuild(facts);
    if (!row) {
      log::warn("container {} has our label but not all of them; it is left alone", facts.name);
      continue;
    }
    const auto known = call.store.find(row->container_id);
    if (!known) {
      adopt(call, docker, std::move(*row));
    } else if (known->state == name_of(State::gone) || !is_ours(facts, *known)) {
      log::warn("container {} should be gone; removing it", facts.name);
      call.store.rest();
      const auto removed = docker.remove(facts.id);
      if (!removed.ok()) log::error("{}", removed.failure().text);
    }
  }
}

int supervise_all(Call& call) {
  const auto live = call.store.live();
  call.store.rest();
  int failed = 0;
  for (const auto& container : live) {
    const auto done = ensure_supervisor(call.config, container.container_id, container.directory);
    if (done.ok()) continue;
    ++failed;
    log::error("{}", done.failure().text);
  }
  log::info("recovered {} containers{}", live.size(),
            failed > 0 ? fmt::format(", {} without a supervisor", failed) : "");
  return failed;
}

// Files of containers that ended while nobody could clean up behind them.
void sweep_files(Call& call) {
  const auto run = call.config.state_directory() + "/run";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(run, ignored)) {
    const auto id = entry.path().stem().string();
    const auto row = call.store.find(id);
    if (!row || row->state == name_of(State::gone)) {
      if (!LifeLock(call.config.state_directory(), id, false).is_held(Phase::ownership)) {
        forget_files(call.config.state_directory(), id);
      }
    }
  }
}

}  // namespace

int recover(Call& call) {
  open_or_set_aside(call);
  call.store.rest();
  auto docker = call.docker();
  auto seen = docker->list(instance_label, call.config.work_directory);
  if (!seen.ok()) return fail("cannot recover: " + seen.failure().text);
  reconcile_engine(call, *docker, seen.value());
  const int failed = supervise_all(call);
  const auto oldest = store::now().wall - call.config.history.count();
  while (call.store.prune(oldest, 1000) == 1000) {
  }
  sweep_files(call);
  call.store.tidy();
  return failed == 0 ? exit_ok : exit_failed;
}

}  // namespace containerizer
