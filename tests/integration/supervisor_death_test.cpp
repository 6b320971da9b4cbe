// kill -9 of the supervisor in every state, and of the daemon. The next supervisor continues from
// there.
#include <catch2/catch.hpp>

#include "tests/integration/daemon.h"
#include "tests/integration/gate.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;

namespace {

// Exits with 7 on SIGTERM.
const char* const obedient =
    "image=busybox:test command='trap \"exit 7\" TERM; echo up; while :; do sleep 0.05; done'";

// A state in which a container stays while a request to the daemon is held.
struct Moment {
  const char* request;
  const char* state;
};

std::ostream& operator<<(std::ostream& out, const Moment& moment) {
  return out << "held in " << moment.state;
}

Moment any_moment_before_running() {
  return GENERATE(values<Moment>({{"/images/busybox:test/json", "Pulling"},
                                  {"/containers/create", "Creating"},
                                  {"/start", "Starting"}}));
}

bool has_started(const WorkDirectory& place, const Task& task) {
  return place.state_of(task.id) == "Running" &&
         read_file(task.sandbox / "stdout").find("up\n") != std::string::npos;
}

// Exactly one container was created, and its program was started once.
void check_single(const WorkDirectory& place, const Task& task) {
  CHECK(place.docker_containers().size() == 1);
  CHECK(read_file(task.sandbox / "stdout") == "up\n");
}

}  // namespace

TEST_CASE("supervisor that dies before the container runs") {
  const auto moment = any_moment_before_running();
  const auto how = GENERATE(Hold::request, Hold::answer);
  WorkDirectory place;
  Gate gate(place);
  Slave slave(place);
  CAPTURE(moment, how == Hold::answer);
  gate.hold(moment.request, how);
  const auto task = slave.launch("task", obedient, "launch-custom");
  gate.await_held();
  REQUIRE(place.state_of(task.id) == moment.state);
  place.kill_supervisor(task.id);
  gate.open();
  eventually("the task runs", [&] { return has_started(place, task); });
  check_single(place, task);
  slave.say("destroy task");
  slave.expect("destroyed task exit=0");
}

TEST_CASE("destroy of a container whose supervisor has died") {
  const auto moment = any_moment_before_running();
  const auto how = GENERATE(Hold::request, Hold::answer);
  WorkDirectory place;
  Gate gate(place);
  Slave slave(place);
  CAPTURE(moment, how == Hold::answer);
  gate.hold(moment.request, how);
  const auto task = slave.launch("task", obedient, "launch-custom");
  slave.expect("launched task .*");
  gate.await_held();
  slave.say("destroy task &");
  eventually("the destroy is recorded",
             [&] { return place.show(task.id).at("requests").at("destroy").as_bool(); });
  place.kill_supervisor(task.id);
  gate.open();
  slave.expect("destroyed task exit=0");
  CHECK(place.state_of(task.id) == "Gone");
  CHECK(place.show(task.id).at("termination").at("kind").as_string() == "destroyed");
  CHECK(place.docker_containers().empty());
}

TEST_CASE("supervisor that dies while it fetches") {
  const WorkDirectory place;
  const auto fetcher = place.launcher("1.0.4") / "mesos-fetcher";
  const auto sign = place.scratch() / "go";
  fs::rename(fetcher, fetcher.string() + "-itself");
  write_file(fetcher, "#!/bin/sh\nuntil [ -e " + sign.string() + " ]; do sleep 0.05; done\nexec " +
                          fetcher.string() + "-itself\n");
  fs::permissions(fetcher, fs::perms(0755));
  Slave slave(place);
  const auto task = slave.run("task", "cat $MESOS_SANDBOX/hostname", "uri=/etc/hostname");
  slave.expect("launched task .*");
  place.await_state(task.id, "Fetching");
  place.kill_supervisor(task.id);
  place.supervisor(task.id);
  write_file(sign, "");
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
  CHECK_THAT(read_file(task.sandbox / "stdout"), Catch::Contains(read_file("/etc/hostname")));
}

TEST_CASE("supervisor that dies while its task runs") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task",
                              "echo started; until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; "
                              "done; exit 5");
  slave.expect_status(task, "TASK_RUNNING");
  const auto before = place.docker_containers();
  for (int i = 0; i < 3; ++i) place.kill_supervisor(task.id);
  place.supervisor(task.id);
  write_file(task.sandbox / "go", "");
  slave.expect("status task TASK_FAILED source=EXECUTOR .*exited with status 5\"");
  slave.expect_termination(task);
  CHECK(place.show(task.id).at("docker_id").as_string() == before.at(0).c_str());
}

TEST_CASE("supervisor that dies while it stops its task") {
  WorkDirectory place;
  Gate gate(place);
  Slave slave(place);
  const auto task = slave.launch("task", obedient);
  slave.expect("launched task .*");
  eventually("the task runs",
             [&] { return has_started(place, task) && place.has_task_proxy(task.id); });
  gate.hold("/kill", Hold::request);
  slave.say("kill task");
  gate.await_held();
  CHECK(place.state_of(task.id) == "Stopping");
  place.kill_supervisor(task.id);
  gate.open();
  slave.expect_status(task, "TASK_KILLED");
  slave.expect_termination(task);
}

TEST_CASE("supervisor that dies while it removes the container") {
  const auto how = GENERATE(Hold::request, Hold::answer);
  WorkDirectory place;
  Gate gate(place);
  Slave slave(place);
  gate.hold("DELETE", how);
  const auto task = slave.launch("task", "image=busybox:test command='exit 7'", "launch-custom");
  gate.await_held();
  CHECK(place.state_of(task.id) == "Removing");
  CHECK_THAT(slave.expect_termination(task), Catch::Contains("status=1792"));
  place.kill_supervisor(task.id);
  gate.open();
  // No `wait` runs now, so only the next recovery removes the container.
  CHECK(place.call("recover").status == 0);
  place.await_state(task.id, "Gone");
}

TEST_CASE("supervisor that dies while it pulls") {
  const WorkDirectory place;
  const Registry registry(place);
  Slave slave(place);
  registry.freeze();
  const auto task = slave.launch("task", "image=" + registry.image() + " command='echo pulled'");
  slave.expect("launched task .*");
  place.await_state(task.id, "Pulling");
  place.kill_supervisor(task.id);
  registry.thaw();
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
}

TEST_CASE("destroy during a pull that does not finish") {
  const WorkDirectory place;
  const Registry registry(place);
  Slave slave(place);
  registry.freeze();
  const auto task = slave.launch("task", "image=" + registry.image() + " command='echo pulled'");
  slave.expect("launched task .*");
  place.await_state(task.id, "Pulling");
  // The registry stays frozen, so only the destroy request can end the pull.
  slave.say("destroy task");
  slave.expect("destroyed task exit=0");
  CHECK(place.events_of(task.id) == "Launch Begin Fetched DestroyRequested Removed");
}

TEST_CASE("daemon that dies while a task runs") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task",
                              "echo started; until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; "
                              "done; echo over; exit 5");
  slave.expect_status(task, "TASK_RUNNING");
  { const DeadDaemon dead; }
  write_file(task.sandbox / "go", "");
  slave.expect("status task TASK_FAILED source=EXECUTOR .*exited with status 5\"");
  slave.expect_termination(task);
  CHECK_THAT(read_file(task.sandbox / "stdout"), Catch::Contains("over\n"));
}

TEST_CASE("task that ends while the daemon is dead") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task",
                              "until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; done; "
                              "rm $MESOS_SANDBOX/go; exit 5");
  slave.expect_status(task, "TASK_RUNNING");
  {
    const DeadDaemon dead;
    write_file(task.sandbox / "go", "");
    eventually("the task has ended", [&] { return !fs::exists(task.sandbox / "go"); });
  }
  slave.expect("status task TASK_FAILED source=EXECUTOR .*exited with status 5\"");
  slave.expect_termination(task);
}

TEST_CASE("task that is killed while the daemon hangs") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch("task", obedient);
  slave.expect("launched task .*");
  eventually("the task runs",
             [&] { return has_started(place, task) && place.has_task_proxy(task.id); });
  {
    const FrozenDaemon frozen;
    slave.say("kill task");
    eventually("the kill is recorded", [&] { return place.state_of(task.id) == "Stopping"; });
  }
  slave.expect_status(task, "TASK_KILLED");
  slave.expect_termination(task);
}
