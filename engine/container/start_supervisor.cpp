#include "engine/container/start_supervisor.h"

#include <fmt/core.h>

#include "engine/container/life_lock.h"
#include "host/file.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

constexpr std::string_view ready = "ready";
constexpr Duration longest_start{30'000};

bool is_owned(const Services& services, const std::string& container_id) {
  return LifeLock(services.settings.state_directory(), container_id, true)
      .is_held(Phase::ownership);
}

}  // namespace

Status ensure_supervisor(const Services& services, const std::string& container_id,
                         const std::string& sandbox) {
  services.store.close();
  if (is_owned(services, container_id)) return Done{};
  // Its own words belong to the task's; after the sandbox is gone there is still the log.
  auto words = open_sandbox_file(sandbox, "stderr");

  Program supervisor;
  supervisor.arguments = {services.program, "supervise", container_id};
  auto environment = services.environment;
  environment["MESOS_WORK_DIRECTORY"] = services.settings.work_directory;
  supervisor.environment = as_strings(environment);
  supervisor.directory = "/";
  if (words.ok()) supervisor.error = words.value().get();
  supervisor.detached = true;
  const auto report = services.host.run_in_scope(
      supervisor, "supervisor of container " + container_id, services.host.now() + longest_start);
  if (!report.ok()) return report.failure();
  if (report.value() == ready) return Done{};
  return Failure{Fault::refused, fmt::format("the supervisor of container {} did not begin; its "
                                             "words are in {}/stderr and in the log",
                                             container_id, sandbox)};
}

Status wake_supervisor(const Services& services, const std::string& container_id,
                       const std::string& sandbox) {
  const auto supervisor = services.store.supervisor_of(container_id);
  if (supervisor && is_owned(services, container_id) && services.host.wake_up(*supervisor)) {
    services.store.close();
    return Done{};
  }
  return ensure_supervisor(services, container_id, sandbox);
}

void report_ready(Fd report) { write_all(report.get(), ready); }

}  // namespace containerizer
