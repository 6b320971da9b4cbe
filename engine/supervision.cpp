#include "engine/supervision.h"

#include <fmt/core.h>

#include "engine/host/file.h"
#include "engine/host/log.h"
#include "engine/host/sandbox.h"
#include "engine/life_lock.h"

namespace containerizer {
namespace {

constexpr std::string_view ready = "ready";
constexpr Duration longest_start{30'000};

bool is_owned(const World& world, const std::string& container_id) {
  return LifeLock(world.config.state_directory(), container_id, true).is_held(Phase::ownership);
}

// Its own words belong to the task's; after the sandbox is gone there is still the log.
struct Supervisor {
  Fd words;
  Program program;
};

Supervisor supervisor_for(const World& world, const std::string& container_id,
                          const std::string& sandbox) {
  Supervisor made;
  if (auto words = open_sandbox_file(sandbox, "stderr"); words.ok()) {
    made.words = std::move(words.value());
    made.program.error = made.words.get();
  }
  made.program.arguments = {world.program, "supervise", container_id};
  auto environment = world.environment;
  environment["MESOS_WORK_DIRECTORY"] = world.config.work_directory;
  made.program.environment = as_strings(environment);
  made.program.directory = "/";
  made.program.detached = true;
  return made;
}

// With all that it starts, apart from the slave's service.
Program in_own_scope(Program program, const std::string& container_id) {
  const std::vector<std::string> scope{
      "/usr/bin/systemd-run",
      "--scope",
      "--collect",
      "--quiet",
      "--description=container " + container_id + " of docker-containerizer",
      "--"};
  program.arguments.insert(program.arguments.begin(), scope.begin(), scope.end());
  return program;
}

Result<bool> begin(const World& world, const Program& supervisor) {
  const auto report = world.host.hear(supervisor, world.host.now() + longest_start);
  if (!report.ok()) return report.failure();
  return report.value() == ready;
}

}  // namespace

Status ensure_supervisor(const World& world, const std::string& container_id,
                         const std::string& sandbox) {
  world.store.close();
  if (is_owned(world, container_id)) return Done{};
  const auto supervisor = supervisor_for(world, container_id, sandbox);
  if (world.host.is_in_service()) {
    const auto begun = begin(world, in_own_scope(supervisor.program, container_id));
    if (begun.ok() && begun.value()) return Done{};
    log::warn("systemd-run gives the supervisor of container {} no scope of its own{}",
              container_id, begun.ok() ? "" : ": " + begun.failure().text);
  }
  const auto begun = begin(world, supervisor.program);
  if (!begun.ok()) return begun.failure();
  if (begun.value()) return Done{};
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
