// kill -9 of the daemon in the middle of every operation, of a daemon whose containers outlive it
// (live-restore), and of one that ends them when it is started again.
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"
#include "tests/integration/trial.h"

using namespace containerizer;
using namespace containerizer::integration;

namespace {

// The daemon dies, and with it the connections to it.
void kill_daemon(Trial& trial) {
  const DeadDaemon dead;
  trial.gate().lose();
}

bool something_runs(const Moment& moment) {
  return moment.state == "Starting" || moment.state == "Stopping";
}

// `how` says whether the daemon does what it is asked before it dies, `survived` whether containers
// outlive it.
void kill_daemon_at(const Moment& moment, Hold how, bool survived) {
  CAPTURE(moment, how == Hold::answer, survived);
  Trial trial;
  trial.hold_at(moment, how);
  kill_daemon(trial);
  if (!trial.is_destroyed()) trial.let_go();
  const auto told = trial.conclude();
  CHECK(trial.runs() == 1);
  if (moment.state == "Stopping") {
    // The signal has been sent when the daemon dies with its answer.
    trial.check_destroyed(told, how == Hold::answer);
  } else if (moment.state == "Starting" && how == Hold::answer && !survived) {
    // The daemon has told more exactly.
    CHECK((told.status() == Trial::when_told || told.status() == SIGKILL));
  } else {
    CHECK(told.status() == Trial::by_itself);
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
  const auto told = trial.conclude();
  CHECK(trial.kind() != "lost");
  if (survived) CHECK(told.status() == Trial::by_itself);
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

TEST_CASE("daemon whose containers end with it", "[dockerd][scenario-25]") {
  const auto signal = GENERATE(SIGKILL, SIGTERM);
  const bool supervised = signal == SIGTERM;
  CAPTURE(signal, supervised);
  const NoLiveRestore none;
  Trial trial;
  trial.launch_until_it_runs();
  if (!supervised) trial.place().kill_supervisor(Trial::id);
  { const DeadDaemon dead(signal); }
  const auto told = trial.conclude();
  CHECK((told.status() == Trial::when_told || told.status() == SIGKILL));
  CHECK(told.state() == mesos::TASK_FAILED);
}

TEST_CASE("command task whose daemon ends it", "[dockerd][scenario-25]") {
  const NoLiveRestore none;
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done");
  slave.expect_status(task, "TASK_RUNNING");
  eventually("it can be told to end", [&] { return !read_file(task.sandbox / "stdout").empty(); });
  { const DeadDaemon dead; }
  slave.expect("status task TASK_FAILED source=EXECUTOR .*exited with status 3\"");
  slave.expect_termination(task);
}

TEST_CASE("daemon that is restarted again and again", "[scenario-25]") {
  Trial trial;
  trial.launch_until_it_runs();
  for (const int signal : {SIGKILL, SIGTERM, SIGKILL}) {
    const DeadDaemon dead(signal);
    CHECK(trial.state() == "Running");
  }
  trial.let_go();
  trial.conclude_by_itself();
}
