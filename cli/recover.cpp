// recover: runs after a restart of the slave, the daemon or the host, and makes the database and
// the daemon agree. Every container that is not Gone gets a supervisor, which reconciles it. A
// container of ours without a row gets a row. A container that should no longer exist is removed.
#include <fmt/core.h>

#include <filesystem>
#include <map>

#include "cli/invocation.h"
#include "engine/container/identity.h"
#include "engine/container/launch_record.h"
#include "engine/container/life_lock.h"
#include "engine/container/run_files.h"
#include "engine/container/start_supervisor.h"
#include "host/log.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

// Logs the progress of a long recovery, once per second.
class Progress {
 public:
  explicit Progress(Host& host) : host_(host), next_(host.now() + interval) {}

  void report(const char* what, std::size_t number, std::size_t all) {
    if (host_.now() < next_) return;
    next_ = host_.now() + interval;
    log::info("recovering: {} {} of {}", what, number, all);
  }

 private:
  static constexpr Duration interval{1'000};
  Host& host_;
  Deadline next_;
};

// An unreadable database is moved aside and never deleted. Its rows are rebuilt from the labels of
// the containers, which contain the same identity.
void open_or_set_aside(Invocation& invocation) {
  try {
    invocation.store.undelivered();
    return;
  } catch (const store::UnreadableDatabase& error) {
    log::error("{}", error.what());
  }
  const auto aside = invocation.store.set_aside();
  log::error("moved the unreadable state database to {}; rebuilding it from container labels",
             aside);
  invocation.store.undelivered();
}

void remove(Invocation& invocation, const ContainerFacts& facts, Deadline deadline) {
  log::warn("container {} should no longer exist", facts.name);
  if (invocation.host.now() >= deadline) {
    log::error("no time left to remove container {}; the next `recover` will remove it",
               facts.name);
    return;
  }
  const auto removed = invocation.docker.remove(facts.id);
  if (!removed.ok()) log::error("{}", removed.failure().text);
}

// Compares the daemon's containers of this slave instance with the rows.
void reconcile_with_daemon(Invocation& invocation, const std::vector<ContainerFacts>& seen,
                           Progress& progress) {
  // The slave does not start before this verb returns, so removals get a limited time in total.
  const auto deadline = invocation.host.now() + invocation.settings.daemon_timeout;
  std::size_t number = 0;
  for (const auto& facts : seen) {
    progress.report("checking container", ++number, seen.size());
    auto row = rebuild(facts);
    if (!row) {
      log::warn(
          "container {} has some of our labels but not all, or a name that does not match them; "
          "leaving it "
          "alone",
          facts.name);
      continue;
    }
    const auto known = invocation.store.find(row->container_id);
    if (!known && invocation.store.has_nonce(row->nonce)) {
      log::warn("container {} has the labels of another launch; it is left alone", facts.name);
    } else if (!known && !has_plain_way(invocation.settings.work_directory, row->directory)) {
      log::warn("container {}: a link is part of its sandbox's path {}; it is left alone",
                facts.name, row->directory);
    } else if (!known) {
      log::warn("container {} is not in the database; re-adopting it from its labels",
                row->container_id);
      invocation.store.insert(*row, {}, {}, "recover");
    } else if (known->state == name_of(State::gone) || !is_ours(facts, *known)) {
      invocation.store.close();
      remove(invocation, facts, deadline);
    }
  }
}

Status supervise(Invocation& invocation, const store::Container& container) try {
  state_of(container);
  return ensure_supervisor(invocation, container.container_id, container.directory);
} catch (const store::StoreError& error) {
  return Failure{Fault::refused, error.what()};
}

// A container that cannot get a supervisor is logged. It stops neither the recovery of the others
// nor the slave's start.
void supervise_all(Invocation& invocation, Progress& progress) {
  const auto live = invocation.store.live();
  invocation.store.close();
  int failed = 0;
  std::size_t number = 0;
  for (const auto& container : live) {
    progress.report("starting supervisor", ++number, live.size());
    const auto done = supervise(invocation, container);
    if (done.ok()) continue;
    ++failed;
    log::error("{}", done.failure().text);
  }
  log::info("recovered {} containers{}", live.size(),
            failed > 0 ? fmt::format(", {} without a supervisor", failed) : "");
}

// Deletes the files of containers whose supervisor died before it could do so.
void sweep_files(Invocation& invocation) {
  const auto run = invocation.settings.state_directory() + "/run";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(run, ignored)) {
    const auto id = entry.path().stem().string();
    const auto row = invocation.store.find(id);
    if (!row || row->state == name_of(State::gone)) {
      // A supervisor that still owns the container deletes its files itself.
      if (!LifeLock(invocation.settings.state_directory(), id, false).is_held(Phase::ownership)) {
        remove_run_files(invocation.settings.state_directory(), id);
      }
    }
  }
}

}  // namespace

int recover(Invocation& invocation) {
  Progress progress(invocation.host);
  open_or_set_aside(invocation);
  invocation.store.close();
  auto seen = invocation.docker.list(instance_label, invocation.settings.work_directory);
  if (!seen.ok()) return fail("cannot recover: " + seen.failure().text);
  reconcile_with_daemon(invocation, seen.value(), progress);
  supervise_all(invocation, progress);
  const auto oldest = invocation.store.now().wall - invocation.settings.history.count();
  // In portions, so that no other writer waits for long.
  while (invocation.store.prune(oldest, 1000) == 1000) {
  }
  sweep_files(invocation);
  invocation.store.checkpoint();
  return exit_ok;
}

}  // namespace containerizer
