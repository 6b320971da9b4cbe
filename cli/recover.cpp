// recover: runs after a restart of the slave, the daemon or the host, and makes the database and
// the daemon agree. Every container that is not Gone gets a supervisor, which reconciles it. A
// container of ours without a row gets a row. A container that should no longer exist is removed.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "cli/invocation.h"
#include "cli/store_retry.h"
#include "engine/container/identity.h"
#include "engine/container/launch_record.h"
#include "engine/container/life_lock.h"
#include "engine/container/log_readers.h"
#include "engine/container/run_files.h"
#include "engine/container/start_supervisor.h"
#include "host/format.h"
#include "host/log.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

// More of them would only compete for the processor.
constexpr std::size_t starts_at_once = 8;

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
  for (DamageCount damage;;) {
    try {
      invocation.store.undelivered();
      return;
    } catch (const store::UnreadableDatabase& error) {
      invocation.store.close();
      if (!damage.is_certain(error)) continue;
      log::error("{}", error.what());
      break;
    }
  }
  const auto aside = invocation.store.set_aside();
  log::error("moved the unreadable state database to {}; rebuilding it from container labels",
             aside);
  invocation.store.undelivered();
}

void remove(Invocation& invocation, const ContainerFacts& facts, Deadline deadline) {
  log::warn("container {} belongs to a launch that has ended or was replaced; removing it",
            facts.name);
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
          "container {} is not adopted, because the containerizer's labels on it are incomplete or "
          "invalid, or do not match its name or the work directory",
          facts.name);
      continue;
    }
    const auto known = invocation.store.find(row->container_id);
    if (!known && invocation.store.has_nonce(row->nonce)) {
      log::warn("container {} is not adopted, because it has the labels of another launch",
                facts.name);
    } else if (!known && !has_plain_way(invocation.settings.work_directory, row->directory)) {
      log::warn(
          "container {} is not adopted, because the path of its sandbox, {}, contains a symbolic "
          "link, \"..\", or something else that cannot be opened as a directory",
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

struct Live {
  std::vector<Supervised> containers;
  int damaged = 0;  // rows that cannot be used
};

Live live_containers(Invocation& invocation) {
  Live live;
  for (const auto& container : invocation.store.live()) {
    try {
      state_of(container);
      live.containers.push_back({container.container_id, container.directory});
    } catch (const store::StoreError& error) {
      ++live.damaged;
      log::error("{}", error.what());
    }
  }
  invocation.store.close();
  return live;
}

// Returns how many containers did not get one. Each is logged.
int ensure_all(Invocation& invocation, const std::vector<Supervised>& containers,
               Progress& progress) {
  int failed = 0;
  for (std::size_t done = 0; done < containers.size(); done += starts_at_once) {
    progress.report("starting supervisor", done + 1, containers.size());
    const auto first = containers.begin() + static_cast<std::ptrdiff_t>(done);
    const auto number = std::min(starts_at_once, containers.size() - done);
    const auto last = first + static_cast<std::ptrdiff_t>(number);
    for (const auto& status : ensure_supervisors(invocation, {first, last})) {
      if (status.ok()) continue;
      ++failed;
      log::error("{}", status.failure().text);
    }
  }
  return failed;
}

// systemd takes several times as long to start a scope as a supervisor needs to start.
void share_one_scope(Invocation& invocation, const std::vector<Supervised>& containers) {
  if (!invocation.host.uses_scopes()) return;
  const auto is_missing = [&](const Supervised& container) {
    try {
      return !has_owner(invocation.settings.state_directory(), container.container_id);
    } catch (const std::system_error&) {
      return false;  // ensure_all() reports it
    }
  };
  if (std::count_if(containers.begin(), containers.end(), is_missing) > 1) {
    start_supervisors_in_one_scope(invocation);
  }
}

// A container that cannot get a supervisor is logged. It stops neither the recovery of the others
// nor the slave's start.
void supervise_all(Invocation& invocation, Progress& progress) {
  const auto [containers, damaged] = live_containers(invocation);
  share_one_scope(invocation, containers);
  const int failed = damaged + ensure_all(invocation, containers, progress);
  log::info("recovered {} containers{}", containers.size(),
            failed > 0 ? formatted(", {} without a supervisor", failed) : "");
}

// For the operator's metrics and report only: the slave must start even if the disk is full.
void note_recovery(Invocation& invocation, std::int64_t oldest) try {
  invocation.store.note_recovery(invocation.host.boot(), oldest);
} catch (const std::runtime_error& error) {
  log::warn("cannot record this recovery: {}", error.what());
}

// Deletes the files of a container that is Gone. A supervisor that still owns it does so itself.
void sweep(Invocation& invocation, const std::string& id) try {
  const auto state_directory = invocation.settings.state_directory();
  const auto row = invocation.store.find(id);
  if (row && row->state != name_of(State::gone)) return;
  if (!has_owner(state_directory, id)) remove_run_files(state_directory, id);
} catch (const std::system_error& error) {
  log::warn("{}", error.what());
}

// Containers whose supervisor died before it could delete their files.
void sweep_files(Invocation& invocation) {
  const auto run = invocation.settings.state_directory() + "/run";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(run, ignored)) {
    sweep(invocation, entry.path().stem().string());
  }
}

}  // namespace

int start_supervisors(Invocation& invocation) {
  report_ready(invocation.output);
  Progress progress(invocation.host);
  ensure_all(invocation, live_containers(invocation).containers, progress);
  return exit_ok;
}

int recover(Invocation& invocation) {
  Progress progress(invocation.host);
  open_or_set_aside(invocation);
  invocation.store.close();
  auto seen = invocation.docker.list(instance_label, invocation.settings.work_directory);
  if (!seen.ok()) return fail("cannot recover: " + seen.failure().text);
  reconcile_with_daemon(invocation, seen.value(), progress);
  supervise_all(invocation, progress);
  const auto oldest = invocation.store.now().wall - invocation.settings.history.count();
  note_recovery(invocation, oldest);
  // In portions, so that no other writer waits for long.
  while (invocation.store.prune(oldest, 1000) == 1000) {
  }
  sweep_files(invocation);
  if (!invocation.store.checkpoint()) report_readers(invocation.settings.state_directory());
  return exit_ok;
}

}  // namespace containerizer
