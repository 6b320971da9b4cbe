#include "engine/supervision.h"

#include <fmt/core.h>
#include <unistd.h>

#include "engine/host/file.h"
#include "engine/host/host.h"
#include "engine/host/process.h"
#include "engine/host/sandbox.h"
#include "engine/life_lock.h"

namespace containerizer {
namespace {

constexpr std::string_view ready = "ready";
constexpr Duration longest_start{30'000};

}  // namespace

Status ensure_supervisor(const Config& config, const std::string& container_id,
                         const std::string& sandbox) {
  if (LifeLock(config.state_directory(), container_id, true).is_held(Phase::ownership))
    return Done{};
  auto report = make_pipe();
  if (!report.ok()) return report.failure();
  // Its own words belong to the task's; after the sandbox is gone there is still the log.
  auto words = open_sandbox_file(sandbox, "stderr");

  Program supervisor;
  supervisor.arguments = {own_program(), "supervise", container_id};
  supervisor.environment = as_strings(own_environment());
  supervisor.environment.push_back("MESOS_WORK_DIRECTORY=" + config.work_directory);
  supervisor.directory = "/";
  supervisor.output = report.value().write.get();
  if (words.ok()) supervisor.error = words.value().get();
  supervisor.detached = true;
  auto started = start(supervisor);
  if (!started.ok()) return started.failure();
  report.value().write.close();
  if (read_to_end(report.value().read, deadline_in(longest_start)) == ready) return Done{};
  return Failure{Fault::refused, fmt::format("the supervisor of container {} did not begin; its "
                                             "words are in {}/stderr and in the log",
                                             container_id, sandbox)};
}

Status nudge_supervisor(const Config& config, store::Store& store, const std::string& container_id,
                        const std::string& sandbox) {
  const auto supervisor = store.supervisor_of(container_id);
  store.close();
  if (supervisor &&
      LifeLock(config.state_directory(), container_id, true).is_held(Phase::ownership) &&
      wake_up(*supervisor)) {
    return Done{};
  }
  return ensure_supervisor(config, container_id, sandbox);
}

void report_ready(int report) {
  write_all(report, ready);
  ::close(report);
}

}  // namespace containerizer
