// kill -9 of the daemon in the middle of every operation: with live-restore, where the containers
// survive, and without, where the daemon ends them at its next start.
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"
#include "tests/integration/trial.h"

using namespace containerizer;
using namespace containerizer::integration;

namespace {

// Kills the daemon and breaks the connections to it.
void kill_daemon(Trial& trial) {
  const DeadDaemon dead;
  trial.gate().lose();
}

bool something_runs(const Moment& moment) {
  return moment.state == "Starting" || moment.state == "Stopping";
}

// `how`: whether the daemon performs the request before it dies. `survived`: whether containers
// survive its death.
void kill_daemon_at(const Moment& moment, Hold how, bool survived) {
  CAPTURE(moment, how == Hold::answer, survived);
  Trial trial;
  trial.hold_at(moment, how);
  kill_daemon(trial);
  if (!trial.is_destroyed()) trial.let_go();
  const auto reported = trial.conclude();
  CHECK(trial.runs() == 1);
  if (moment.state == "Stopping") {
    // The daemon has sent the signal before it dies with its reply.
    trial.check_destroyed(reported, how == Hold::answer);
  } else if (moment.state == "Starting" && how == Hold::answer && !survived) {
    // The container was running when the daemon ended it.
    CHECK((reported.status() == Trial::after_sigterm || reported.status() == SIGKILL));
  } else {
    CHECK(reported.status() == Trial::by_itself);
    CHECK(trial.output() == "up\nover\n");
  }
}

void kill_daemon_in_recovery(Hold how, bool survived) {
  Trial trial;
  trial.launch_until_it_runs();
  trial.place().kill_supervisor(Trial::id);
  trial.gate().hold("/containers/json", how);
  Child recovery({program(), "recover"}, trial.place().variables());
  trial.gate().await_held();
  kill_daemon(trial);
  REQUIRE(recovery.await_end());
  CHECK(recovery.ended() == exit_failed);
  if (survived) trial.let_go();
  const auto reported = trial.conclude();
  CHECK(trial.kind() != "lost");
  if (survived) CHECK(reported.status() == Trial::by_itself);
}

}  // namespace

TEST_CASE("daemon that is killed in the middle of an operation",
          "[scenario-3][scenario-4][scenario-8][scenario-25]") {
  const auto moment = GENERATE(from_range(all_moments()));
  const auto how = GENERATE(Hold::request, Hold::answer);
  if (how == Hold::answer && !something_runs(moment)) return;
  kill_daemon_at(moment, how, true);
}

TEST_CASE("daemon that is killed with its containers in the middle of an operation",
          "[dockerd][scenario-25]") {
  const auto moment = GENERATE(from_range(all_moments()));
  const auto how = GENERATE(Hold::request, Hold::answer);
  if (how == Hold::request && !something_runs(moment)) return;
  const NoLiveRestore none;
  kill_daemon_at(moment, how, false);
}

TEST_CASE("daemon that is killed in the middle of a recovery", "[scenario-48]") {
  kill_daemon_in_recovery(Hold::request, true);
}

TEST_CASE("daemon that is killed with its containers in the middle of a recovery",
          "[dockerd][scenario-48]") {
  const NoLiveRestore none;
  kill_daemon_in_recovery(Hold::answer, false);
}

TEST_CASE("daemon that ends its containers when it dies", "[dockerd][scenario-25]") {
  const auto signal = GENERATE(SIGKILL, SIGTERM);
  const bool supervised = signal == SIGTERM;
  CAPTURE(signal, supervised);
  const NoLiveRestore none;
  Trial trial;
  trial.launch_until_it_runs();
  if (!supervised) trial.place().kill_supervisor(Trial::id);
  { const DeadDaemon dead(signal); }
  const auto reported = trial.conclude();
  CHECK((reported.status() == Trial::after_sigterm || reported.status() == SIGKILL));
  CHECK(reported.state() == mesos::TASK_FAILED);
}

TEST_CASE("command task that the daemon ends when it dies", "[dockerd][scenario-25]") {
  const NoLiveRestore none;
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done");
  slave.expect_status(task, "TASK_RUNNING");
  eventually("the task handles SIGTERM",
             [&] { return !read_file(task.sandbox / "stdout").empty(); });
  { const DeadDaemon dead; }
  slave.expect("status task TASK_FAILED source=EXECUTOR .*exited with status 3\"");
  slave.expect_termination(task);
}

TEST_CASE("daemon that is restarted several times", "[scenario-25]") {
  Trial trial;
  trial.launch_until_it_runs();
  for (const int signal : {SIGKILL, SIGTERM, SIGKILL}) {
    const DeadDaemon dead(signal);
    CHECK(trial.state() == "Running");
  }
  trial.let_go();
  trial.conclude_by_itself();
}
