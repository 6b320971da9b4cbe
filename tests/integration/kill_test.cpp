// Kills through mesos-executor, which sends SIGKILL to its command three seconds after SIGTERM.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

// Starts the script. Returns when it has printed "ready" and the task proxy handles SIGTERM.
Task run_until_ready(const WorkDirectory& place, Slave& slave, const std::string& script,
                     const std::string& words = "") {
  const auto task = slave.run("task", script, words);
  slave.expect_status(task, "TASK_RUNNING");
  eventually("the task is ready", [&] {
    return read_file(task.sandbox / "stdout").find("ready\n") != std::string::npos &&
           place.has_task_proxy(task.id);
  });
  return task;
}

const std::string beat = " echo ready; while :; do sleep 0.05; done";

}  // namespace

TEST_CASE("killed task whose program exits with 0 on SIGTERM") {
  const auto release = GENERATE(as<std::string>(), "0.19.1", "0.28.2", "1.0.4");
  const WorkDirectory place;
  Slave slave(place, release);
  const auto task = run_until_ready(place, slave, "trap 'echo asked; exit 0' TERM;" + beat);
  slave.say("kill task");
  slave.expect("status task TASK_KILLED source=EXECUTOR .*");
  slave.expect_termination(task);
  CHECK_THAT(place.events_of(task.id), Contains("StopRequested Exited"));
  CHECK_THAT(read_file(task.sandbox / "stdout"), Contains("asked\n"));
}

TEST_CASE("killed task whose program ignores SIGTERM") {
  const auto release = GENERATE(as<std::string>(), "0.19.1", "1.0.4");
  const WorkDirectory place;
  Slave slave(place, release);
  const auto task = run_until_ready(place, slave, "trap '' TERM;" + beat);
  slave.say("kill task");
  // The task proxy has exited by itself, before the executor's SIGKILL.
  CHECK_THAT(slave.expect_status(task, "TASK_KILLED"), Contains("exited with status 137"));
  slave.expect_termination(task);
  CHECK_THAT(place.events_of(task.id), Contains("StopRequested Exited"));
  CHECK(place.show(task.id).at("termination").at("signal").as_int64() == 9);
}

TEST_CASE("killed task with its own grace period") {
  const WorkDirectory place;
  Slave slave(place, "1.0.4");
  const auto task = run_until_ready(place, slave, "trap 'sleep 3; echo saved; exit 0' TERM;" + beat,
                                    "kill_grace=20");
  slave.say("kill task");
  slave.expect_status(task, "TASK_KILLED");
  slave.expect_termination(task);
  CHECK_THAT(read_file(task.sandbox / "stdout"), Contains("saved\n"));
}

TEST_CASE("killed task that needs most of its grace period") {
  const WorkDirectory place;
  Slave slave(place, "1.0.4");
  const auto task = run_until_ready(
      place, slave, "trap 'sleep 0.7; echo saved; exit 0' TERM;" + beat, "kill_grace=1");
  slave.say("kill task");
  slave.expect_status(task, "TASK_KILLED");
  slave.expect_termination(task);
  CHECK_THAT(read_file(task.sandbox / "stdout"), Contains("saved\n"));
}

TEST_CASE("killed task that ignores SIGTERM is reported as killed after its grace period") {
  const WorkDirectory place;
  Slave slave(place, "1.0.4");
  const auto task = run_until_ready(place, slave, "trap '' TERM;" + beat, "kill_grace=1");
  slave.say("kill task");
  slave.expect("status task TASK_KILLED source=EXECUTOR .*");
  slave.expect_termination(task);
  CHECK(place.show(task.id).at("termination").at("signal").as_int64() == 9);
}

TEST_CASE("container with its own stop timeout") {
  const auto whose = GENERATE(as<std::string>(), "the task's", "the operator's");
  const auto by = GENERATE(as<std::string>(), "kill", "destroy");
  CAPTURE(whose, by);
  WorkDirectory place;
  place.set("CONTAINERIZER_STOP_TIMEOUT", "100ms");
  if (whose == "the operator's") place.set("CONTAINERIZER_APPEND_OPTIONS", "--stop-timeout=60");
  Slave slave(place);
  const auto task = run_until_ready(place, slave, "trap 'sleep 3; echo saved; exit 0' TERM;" + beat,
                                    whose == "the task's" ? "parameter=stop-timeout=60" : "");
  slave.say(by + " task");
  slave.expect_termination(task);
  place.await_state(task.id, "Gone");
  CHECK_THAT(read_file(task.sandbox / "stdout"), Contains("saved\n"));
}

TEST_CASE("destroy does not wait for a stop timeout longer than the daemon timeout") {
  WorkDirectory place;
  place.set("CONTAINERIZER_ENGINE_TIMEOUT", "2secs");
  Slave slave(place);
  const auto task =
      run_until_ready(place, slave, "trap '' TERM;" + beat, "parameter=stop-timeout=3600");
  CHECK(place.call_for("destroy", task.id).status == 0);
  place.await_state(task.id, "Gone");
}

TEST_CASE("kill that arrives before the task proxy handles it") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = run_until_ready(place, slave, "trap 'exit 0' TERM;" + beat);
  sigset_t kill;
  sigemptyset(&kill);
  sigaddset(&kill, SIGTERM);
  // A signal that is blocked when the program starts stays pending until the program unblocks it.
  REQUIRE(::sigprocmask(SIG_BLOCK, &kill, nullptr) == 0);
  Child task_proxy({program(), "task-proxy", task.id}, place.variables());
  REQUIRE(::sigprocmask(SIG_UNBLOCK, &kill, nullptr) == 0);
  ::kill(task_proxy.pid(), SIGTERM);
  REQUIRE(task_proxy.await_end());
  CHECK(task_proxy.ended() == 143);
  slave.expect_termination(task);
  CHECK_THAT(place.events_of(task.id), Contains("StopRequested Exited"));
}

TEST_CASE("executor that is shut down") {
  const auto release = GENERATE(as<std::string>(), "0.22.1", "1.0.4");
  const WorkDirectory place;
  Slave slave(place, release);
  const auto task = run_until_ready(place, slave, "trap 'exit 0' TERM;" + beat);
  slave.say("shutdown task");
  slave.expect_termination(task);
  // The termination is reported before the container is removed.
  eventually("the container is removed", [&] { return place.docker_containers().empty(); });
}

TEST_CASE("task that is killed before its executor has registered") {
  const auto release = GENERATE(as<std::string>(), "0.25.0", "1.0.4");
  const WorkDirectory place;
  Slave slave(place, release);
  const auto task = slave.run("task", "sleep 1000");
  slave.say("kill task");
  slave.expect_status(task, "TASK_KILLED");
  slave.expect_termination(task);
  place.await_state(task.id, "Gone");
}

TEST_CASE("destroyed container") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = run_until_ready(place, slave, "trap '' TERM;" + beat);
  slave.say("destroy task");
  slave.expect("destroyed task exit=0");
  CHECK(place.state_of(task.id) == "Gone");
  CHECK(place.show(task.id).at("termination").at("kind").as_string() == "destroyed");
  CHECK(place.docker_containers().empty());
  slave.expect_termination(task);
}
