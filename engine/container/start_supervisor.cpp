#include "engine/container/start_supervisor.h"

#include <system_error>
#include <vector>

#include "engine/container/life_lock.h"
#include "host/file.h"
#include "host/format.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

// What a supervisor writes to its standard output when it has tried to take the lock.
constexpr std::string_view ready = "ready";
// How long a supervisor may take until it reports that.
constexpr Duration longest_start{30'000};

// Unlike has_owner(), it creates the lock file: one that cannot be created is reported here, with
// the reason, and not by a supervisor that fails.
bool has_supervisor(const Services& services, const std::string& container_id) {
  return LifeLock(services.settings.state_directory(), container_id, true)
      .is_held(Phase::ownership);
}

// A supervisor that has not started yet.
struct Start {
  const Supervised& container;
  Status& status;
  // The supervisor's log lines go to the sandbox's stderr, as those of the slave's verbs do. If the
  // sandbox is gone, they still go to the operator's log.
  Result<Fd> log;
};

Program this_program(const Services& services, const std::vector<std::string>& arguments) {
  Program program;
  program.arguments = {services.program};
  program.arguments.insert(program.arguments.end(), arguments.begin(), arguments.end());
  auto environment = services.environment;
  // Set even if our environment does not contain it: the process must use the same slave instance.
  environment["MESOS_WORK_DIRECTORY"] = services.settings.work_directory;
  program.environment = as_strings(environment);
  program.directory = "/";
  program.detached = true;
  return program;
}

ScopedProgram supervisor_of(const Services& services, const Start& start) {
  auto supervisor = this_program(services, {"supervise", start.container.container_id});
  if (start.log.ok()) supervisor.error = start.log.value().get();
  return {supervisor, "supervisor of container " + start.container.container_id};
}

void start_all(const Services& services, const std::vector<Start>& starts) {
  std::vector<ScopedProgram> programs;
  programs.reserve(starts.size());
  for (const auto& start : starts) programs.push_back(supervisor_of(services, start));
  // In its own systemd scope. Otherwise a stop of the slave's unit would kill the supervisor
  // (docs/decisions.md 36).
  const auto reports = services.host.run_in_scopes(programs, services.host.now() + longest_start);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    if (!reports[i].ok()) {
      starts[i].status = reports[i].failure();
    } else if (reports[i].value() != ready) {
      const auto& [id, sandbox] = starts[i].container;
      starts[i].status = Failure{
          Fault::refused,
          formatted("the supervisor of container {} did not start; see {}/stderr and the log", id,
                    sandbox)};
    }
  }
}

}  // namespace

void start_supervisors_in_one_scope(const Services& services) {
  services.store.close();
  // Each supervisor that is missing afterwards is reported when it is started once more.
  services.host.run_in_scopes(
      {{this_program(services, {"start-supervisors"}), "supervisors of several containers"}},
      services.host.now() + longest_start);
}

std::vector<Status> ensure_supervisors(const Services& services,
                                       const std::vector<Supervised>& containers) {
  // No connection may survive a fork. An open one would also block every checkpoint while the
  // supervisors start.
  services.store.close();
  std::vector<Status> statuses(containers.size(), Status(Done{}));
  std::vector<Start> starts;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    try {
      if (has_supervisor(services, containers[i].container_id)) continue;
      starts.push_back(
          {containers[i], statuses[i], open_sandbox_file(containers[i].sandbox, "stderr")});
    } catch (const std::system_error& error) {
      // The lock file cannot be used.
      statuses[i] = Failure{Fault::refused, error.what()};
    }
  }
  if (!starts.empty()) start_all(services, starts);
  return statuses;
}

Status ensure_supervisor(const Services& services, const std::string& container_id,
                         const std::string& sandbox) {
  return ensure_supervisors(services, {{container_id, sandbox}})[0];
}

Status wake_supervisor(const Services& services, const std::string& container_id,
                       const std::string& sandbox) try {
  const auto recorded = services.store.supervisor_of(container_id);
  services.store.close();
  const LifeLock lock(services.settings.state_directory(), container_id, true);
  // The row may name a dead supervisor, so the lock is checked too.
  if (!lock.is_held(Phase::ownership)) return ensure_supervisor(services, container_id, sandbox);
  if (recorded && services.host.wake_up(*recorded)) return Done{};
  // The row does not name the owner: it was rebuilt, or restored from a backup, under a supervisor
  // that lives.
  if (const auto owner = lock.owner()) services.host.wake_up(*owner);
  return Done{};
} catch (const std::system_error& error) {
  return Failure{Fault::refused, error.what()};
}

void report_ready(int output) { write_all(output, ready); }

}  // namespace containerizer
