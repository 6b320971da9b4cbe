// Starting: starts the container, then mesos-executor.
#include <unistd.h>

#include "engine/container/identity.h"
#include "engine/container/run_files.h"
#include "engine/supervisor/actions.h"
#include "engine/supervisor/guarded_mounts.h"
#include "engine/supervisor/mesos_helpers.h"
#include "engine/supervisor/resource_limits.h"
#include "host/format.h"
#include "host/log.h"

namespace containerizer {

Step Actions::start() {
  if (const auto request = new_request()) return *request;
  if (auto problem = start_container()) return *problem;
  if (auto problem = start_executor()) return *problem;
  return {Event::started, container_.init ? formatted("pid {}", container_.init->pid) : "", {}};
}

// Starts the container unless it was started already. It is never started a second time, even if it
// has ended meanwhile.
Actions::MaybeStep Actions::start_container() {
  auto window = retries_since_launch();
  for (;;) {
    services_.store.close();
    const bool in_doubt = !fresh_;
    const auto done = start_once();
    if (done.ok()) break;
    if (done.failed_with(Fault::not_found)) return lost_step();
    // A daemon that died in the middle of a start does not know that the program runs, and cannot
    // start the container again.
    if (in_doubt && !done.failed_with(Fault::unavailable) && end_unknown_processes()) {
      return lost_step(lost_termination("the daemon died while it started the container"));
    }
    if (!done.failed_with(Fault::unavailable) || !pause_before_retry(window, done.failure())) {
      return failed_step("start", done.failure().text);
    }
    if (auto request = new_request()) return request;
  }
  unguard_mounts(services_, container_.container_id);
  const auto sight = look();
  if (sight.seen == Observation::unknown) output_.doubt_attachment();
  if (sight.facts) note_process(*sight.facts);
  return std::nullopt;
}

// Tries once to start the container. If an earlier try may have started it, inspects it first:
// another start would run a container that has already ended a second time.
Status Actions::start_once() {
  if (!fresh_) {
    const auto seen = services_.docker.inspect(reference());
    if (!seen.ok()) return seen.failure();
    if (!is_ours(seen.value(), container_)) {
      return Failure{Fault::not_found,
                     "the container with this name belongs to a different launch"};
    }
    if (seen.value().started) {
      output_.doubt_attachment();
      return Done{};
    }
    // The guards of the process that created it may be gone.
    auto guarded = guard();
    if (!guarded.ok()) return guarded;
  }
  auto attached = output_.attach_before_start(reference(), !fresh_);
  if (!attached.ok()) return attached;
  // Even if the start fails, it may have taken effect.
  fresh_ = false;
  return services_.docker.start(reference());
}

// Kills processes of the container that the daemon does not know. False if there are none. They are
// on this host, or out of reach.
bool Actions::end_unknown_processes() {
  if (!container_.docker_id) return false;
  const auto number = services_.host.kill_container(*container_.docker_id);
  if (number > 0)
    log::warn("killed {} processes of the container, which the daemon had started but not recorded",
              number);
  return number > 0;
}

void Actions::note_process(const ContainerFacts& facts) {
  const auto init = services_.host.identify_init(facts.pid, facts.id);
  if (init && init != container_.init) {
    if (container_.init) {
      log::warn("the container was restarted by another program; its new PID is {}", init->pid);
    }
    // The monitor watches the earlier process.
    monitor_.reset();
    container_.init = init;
    services_.store.amend(container_);
  }
  apply_limits(services_, container_, facts);
}

// Starts mesos-executor for a command task. It runs on the host in its own session, because it
// kills its own process group at shutdown, or when it loses its slave. It is never started a second
// time, even if it has exited meanwhile; the state Running detects that.
Actions::MaybeStep Actions::start_executor() {
  if (container_.kind != "command") return std::nullopt;
  // A recorded mesos-executor whose supervisor died too early never started. The prepared process
  // creates this file right before it becomes mesos-executor.
  const auto started_file =
      run_file(services_.settings.state_directory(), container_.container_id, ".executor");
  if (container_.executor && ::access(started_file.c_str(), F_OK) == 0) return std::nullopt;
  if (const auto made = plan(); !made.ok()) return failed_step("plan", made.failure().text);
  auto executor = executor_program(container_, launch_, environment_, services_.program);
  if (!executor.ok()) return failed_step("executor", executor.failure().text);
  executor.value().program.started_file = started_file;
  services_.store.close();
  const auto prepared = services_.host.prepare(executor.value().program);
  if (!prepared.ok()) return failed_step("executor", prepared.failure().text);
  // It is recorded before it may start, so no successor starts a second one.
  container_.executor = prepared.value();
  services_.store.amend(container_);
  const auto allowed = services_.host.allow();
  if (allowed.ok()) return std::nullopt;
  return failed_step("executor", allowed.failure().text);
}

}  // namespace containerizer
