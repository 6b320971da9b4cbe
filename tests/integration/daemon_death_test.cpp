// kill -9 of the daemon in the middle of every operation: with live-restore, where the containers
// survive, and without, where the daemon ends them at its next start.
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "host/cgroup.h"
#include "host/file.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"
#include "tests/integration/trial.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

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

// A runtime of the daemon that starts a container's program, and then does not return. Only its
// first start is so slow: a daemon that was killed may repeat it.
class SlowRuntime {
 public:
  explicit SlowRuntime(fs::path directory) : directory_(std::move(directory)) {
    const auto gate = directory_ / "gate";
    REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
    // For both, so that neither open() nor write() waits for the runtime: it may be dead by then.
    gate_ = Fd(::open(gate.c_str(), O_RDWR | O_CLOEXEC));
    write_file(directory_ / "runc",
               "#!/bin/sh\n"
               "runc \"$@\"\n"
               "status=$?\n"
               "case \" $* \" in *' start '*)\n"
               "  if [ ! -e " +
                   (directory_ / "started").string() + " ]; then : > " +
                   (directory_ / "started").string() + "; read -r line < " +
                   (directory_ / "gate").string() +
                   "; fi\n"
                   "esac\n"
                   "exit $status\n");
    fs::permissions(directory_ / "runc", fs::perms(0755));
  }

  // Members of daemon.json.
  std::string as_default() const {
    return R"("default-runtime": "slow", "runtimes": {"slow": {"path": ")" +
           (directory_ / "runc").string() + "\"}}";
  }
  bool has_started() const { return fs::exists(directory_ / "started"); }
  void let_go() const { CHECK(write_all(gate_.get(), "go\n")); }

 private:
  fs::path directory_;
  Fd gate_;
};

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

TEST_CASE("daemon that is killed in the middle of a start", "[dockerd][scenario-25]") {
  const WorkDirectory place;
  const SlowRuntime runtime(place.scratch());
  const ConfiguredDaemon configured(runtime.as_default());
  launch_directly(place, custom_launch(place, "c1", "exec sleep 1000"));
  eventually("the runtime has started the program", [&] { return runtime.has_started(); });
  const auto id = place.sql("SELECT docker_id FROM containers WHERE container_id = 'c1'");
  CHECK_FALSE(processes_of_container(id).empty());
  {
    const DeadDaemon dead;
    runtime.let_go();
  }
  std::string state;
  eventually("the start has an outcome", [&] {
    state = place.sql("SELECT state FROM containers WHERE container_id = 'c1'");
    return state == "Running" || state == "Gone";
  });
  if (state == "Running") {
    // The new daemon has ended the first program, and has started the container again.
    CHECK(processes_of_container(id).size() == 1);
  } else {
    const auto end = end_of(place, "c1");
    CHECK(end.status() == -1);
    CHECK_THAT(end.message(), Contains("died while it started the container"));
    eventually("no process is left", [&] { return processes_of_container(id).empty(); });
  }
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
  CHECK(place.docker_containers().empty());
}

TEST_CASE("daemon that is restarted several times", "[scenario-25]") {
  Trial trial;
  trial.launch_until_it_runs();
  for (const int signal : {SIGKILL, SIGTERM, SIGKILL}) {
    const DeadDaemon dead(signal);
    CHECK(trial.state() == "Running");
  }
  // `report` draws it.
  eventually("the daemon's return is recorded",
             [&] { return trial.place().sql("SELECT count(*) FROM daemon_returns") != "0"; });
  trial.let_go();
  trial.conclude_by_itself();
}
