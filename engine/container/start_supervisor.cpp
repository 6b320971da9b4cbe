#include "engine/container/start_supervisor.h"

#include <fmt/core.h>

#include "engine/container/life_lock.h"
#include "host/file.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

// What a supervisor writes to its standard output when it has tried to take the lock.
constexpr std::string_view ready = "ready";
// How long a supervisor may take until it reports that.
constexpr Duration longest_start{30'000};

bool is_owned(const Services& services, const std::string& container_id) {
  return LifeLock(services.settings.state_directory(), container_id, true)
      .is_held(Phase::ownership);
}

}  // namespace

Status ensure_supervisor(const Services& services, const std::string& container_id,
                         const std::string& sandbox) {
  // No connection may survive a fork. An open one would also block every checkpoint while the
  // supervisor starts.
  services.store.close();
  if (is_owned(services, container_id)) return Done{};
  // The supervisor's log lines go to the sandbox's stderr, as those of the slave's verbs do. If the
  // sandbox is gone, they still go to the operator's log.
  auto log = open_sandbox_file(sandbox, "stderr");

  Program supervisor;
  supervisor.arguments = {services.program, "supervise", container_id};
  auto environment = services.environment;
  // Set even if our environment does not contain it: the supervisor must use the same slave
  // instance.
  environment["MESOS_WORK_DIRECTORY"] = services.settings.work_directory;
  supervisor.environment = as_strings(environment);
  supervisor.directory = "/";
  if (log.ok()) supervisor.error = log.value().get();
  supervisor.detached = true;
  // In its own systemd scope. Otherwise a stop of the slave's unit would kill the supervisor
  // (docs/decisions.md 36).
  const auto report = services.host.run_in_scope(
      supervisor, "supervisor of container " + container_id, services.host.now() + longest_start);
  if (!report.ok()) return report.failure();
  if (report.value() == ready) return Done{};
  return Failure{
      Fault::refused,
      fmt::format("the supervisor of container {} did not start; see {}/stderr and the log",
                  container_id, sandbox)};
}

Status wake_supervisor(const Services& services, const std::string& container_id,
                       const std::string& sandbox) {
  const auto supervisor = services.store.supervisor_of(container_id);
  // The row may name a dead supervisor, so the lock is checked too.
  if (supervisor && is_owned(services, container_id) && services.host.wake_up(*supervisor)) {
    services.store.close();
    return Done{};
  }
  return ensure_supervisor(services, container_id, sandbox);
}

void report_ready(Fd report) { write_all(report.get(), ready); }

}  // namespace containerizer
