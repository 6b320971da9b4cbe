#include "engine/supervision.h"

#include <fmt/core.h>

#include "engine/host/file.h"
#include "engine/host/sandbox.h"
#include "engine/life_lock.h"

namespace containerizer {
namespace {

constexpr std::string_view ready = "ready";
constexpr Duration longest_start{30'000};

bool is_owned(const World& world, const std::string& container_id) {
  return LifeLock(world.config.state_directory(), container_id, true).is_held(Phase::ownership);
}

}  // namespace

Status ensure_supervisor(const World& world, const std::string& container_id,
                         const std::string& sandbox) {
  world.store.close();
  if (is_owned(world, container_id)) return Done{};
  // Its own words belong to the task's; after the sandbox is gone there is still the log.
  auto words = open_sandbox_file(sandbox, "stderr");

  Program supervisor;
  supervisor.arguments = {world.program, "supervise", container_id};
  auto environment = world.environment;
  environment["MESOS_WORK_DIRECTORY"] = world.config.work_directory;
  supervisor.environment = as_strings(environment);
  supervisor.directory = "/";
  if (words.ok()) supervisor.error = words.value().get();
  supervisor.detached = true;
  const auto report = world.host.hear_in_scope(
      supervisor, "supervisor of container " + container_id, world.host.now() + longest_start);
  if (!report.ok()) return report.failure();
  if (report.value() == ready) return Done{};
  return Failure{Fault::refused, fmt::format("the supervisor of container {} did not begin; its "
                                             "words are in {}/stderr and in the log",
                                             container_id, sandbox)};
}

Status nudge_supervisor(const World& world, const std::string& container_id,
                        const std::string& sandbox) {
  const auto supervisor = world.store.supervisor_of(container_id);
  if (supervisor && is_owned(world, container_id) && world.host.wake_up(*supervisor)) {
    world.store.close();
    return Done{};
  }
  return ensure_supervisor(world, container_id, sandbox);
}

void report_ready(Fd report) { write_all(report.get(), ready); }

}  // namespace containerizer
