// The slave dies and starts again, with and without its checkpoints.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/integration/direct_launch.h"
#include "tests/integration/gate.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

const Slave::Flags checkpointing{"--checkpoint=true"}, forgetful{"--checkpoint=false"};

const char* const run_until_go = "until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; done; echo went";

// A custom executor, which exits with 7.
Task launch_custom(Slave& slave) {
  auto task =
      slave.launch("task", std::string("image=busybox:test command='") + run_until_go + "; exit 7'",
                   "launch-custom");
  slave.expect("launched task .*");
  return task;
}

std::string any_release() { return GENERATE(as<std::string>(), "0.19.1", "0.23.0", "1.0.4"); }

}  // namespace

TEST_CASE("restarted slave and a running task") {
  const auto release = any_release();
  INFO("Mesos " << release);
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, release, checkpointing);
  const auto task = first->run("task", run_until_go);
  first->expect_status(task, "TASK_RUNNING");
  first.reset();

  Slave second(place, release, checkpointing);
  second.expect("recovered 1");
  second.expect("reregistered task");
  write_file(task.sandbox / "go", "");
  second.expect("status task TASK_FINISHED source=EXECUTOR .*");
  second.expect_termination(task);
  second.say("containers");
  second.expect("containers 0");
  CHECK_THAT(read_file(task.sandbox / "stdout"), Contains("went\n"));
}

TEST_CASE("restarted slave and a task that has ended") {
  const auto release = any_release();
  INFO("Mesos " << release);
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, release, checkpointing);
  const auto task = launch_custom(*first);
  first.reset();
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Gone");

  Slave second(place, release, checkpointing);
  second.expect("recovered 1");
  CHECK_THAT(second.expect_termination(task), Contains("status=1792"));
  second.say("containers");
  second.expect("containers 0");
}

TEST_CASE("restarted slave and a task whose supervisor died with the slave") {
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, "1.0.4", checkpointing);
  const auto task = first->run("task", run_until_go);
  first->expect_status(task, "TASK_RUNNING");
  first->die();
  place.kill_all();  // the task proxy may start a new supervisor at once
  first.reset();

  Slave second(place, "1.0.4", checkpointing);
  second.expect("recovered 1");
  second.expect("reregistered task");
  place.supervisor(task.id);
  write_file(task.sandbox / "go", "");
  second.expect_status(task, "TASK_FINISHED");
  second.expect_termination(task);
}

TEST_CASE("command task that ends while the slave is down is reported by its executor") {
  const auto release = any_release();
  const auto [code, state] =
      GENERATE(table<std::string, std::string>({{"0", "TASK_FINISHED"}, {"3", "TASK_FAILED"}}));
  INFO("Mesos " << release << ", exit code " << code);
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, release, checkpointing);
  const auto task = first->run("task", std::string(run_until_go) + "; exit " + code);
  first->expect_status(task, "TASK_RUNNING");
  first.reset();
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Exited");
  SECTION("and the supervisor dies too") { place.kill_all(); }
  SECTION("and the supervisor lives") {}

  Slave second(place, release, checkpointing);
  second.expect("recovered 1");
  second.expect("reregistered task");
  second.expect("status task " + state + " source=EXECUTOR .*");
  second.expect_termination(task);
  place.await_state(task.id, "Gone");
}

TEST_CASE("task proxy does not wait for a slave that never comes back") {
  const WorkDirectory place;
  auto slave = std::make_unique<Slave>(place, "0.19.1", checkpointing);
  const auto task = slave->run("task", std::string(run_until_go) + "; exit 3");
  slave->expect_status(task, "TASK_RUNNING");
  slave.reset();
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Exited");

  SECTION("after the slave's recovery timeout") {
    auto variables = place.variables();
    variables["MESOS_RECOVERY_TIMEOUT"] = "1ms";
    CHECK(run({program(), "task-proxy", task.id}, variables).status == 3);
    CHECK(place.state_of(task.id) == "Exited");
  }
  SECTION("after a destroy") {
    CHECK(place.call_for("destroy", task.id).status == 0);
    eventually("the task proxy has ended", [&] {
      return place.processes({"task-proxy", task.id}).empty();
    });
    place.await_state(task.id, "Gone");
  }
}

TEST_CASE("task whose slave dies while it destroys the container is lost, not killed") {
  const auto [release, state] = GENERATE(
      table<std::string, std::string>({{"0.25.0", "TASK_FAILED"}, {"1.0.4", "TASK_LOST"}}));
  INFO("Mesos " << release);
  WorkDirectory place;
  Gate gate(place);
  auto slave = std::make_unique<Slave>(place, release, checkpointing);
  const auto task = slave->run("task", "trap '' TERM; while :; do sleep 0.05; done");
  slave->expect_status(task, "TASK_RUNNING");
  slave.reset();
  // The executor does not re-register, so the second slave destroys the container.
  const auto executors = place.processes({"/mesos-executor", task.id});
  REQUIRE(executors.size() == 1);
  ::kill(executors[0], SIGSTOP);
  gate.hold("/kill", Hold::request);
  slave = std::make_unique<Slave>(place, release, checkpointing);
  slave->expect("reregistration-timeout task");
  gate.await_held();
  slave.reset();
  gate.open();
  place.await_state(task.id, "Gone");

  Slave third(place, release, checkpointing);
  third.expect("recovered 1");
  CHECK_THAT(third.expect_status(task, state), Contains("destroyed: "));
}

TEST_CASE("task that the slave never handed over does not run on") {
  const auto ends = GENERATE(false, true);
  CAPTURE(ends);
  WorkDirectory place;
  Gate gate(place);
  gate.hold("/update", Hold::request);
  auto first = std::make_unique<Slave>(place, "1.0.4", checkpointing);
  const auto task = first->run("task", run_until_go);
  // From 0.22 on, the task follows the update.
  first->expect("registered task");
  gate.await_held();
  first.reset();
  gate.open();

  Slave second(place, "1.0.4", checkpointing);
  second.expect("reregistered task");
  second.expect_status(task, "TASK_LOST");
  if (ends) write_file(task.sandbox / "go", "");
  second.expect_termination(task);
  place.await_state(task.id, "Gone");
  CHECK(place.docker_containers().empty());
  CHECK(place.listed().empty());
  if (!ends) {
    CHECK_THAT(place.ask({"why", task.id}), Contains("before it had given the task"));
  }
}

TEST_CASE("end that a slave reads just before it dies is listed for the next slave") {
  const auto release = any_release();
  INFO("Mesos " << release);
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, release, checkpointing);
  const auto task = launch_custom(*first);
  place.await_state(task.id, "Running");
  write_file(task.sandbox / "go", "");
  first->expect_termination(task);
  CHECK(place.listed().empty());
  first.reset();
  CHECK(place.listed() == std::vector<std::string>{task.id});

  // It has recorded the end, so that its successor sees an orphan, and learns of it once more.
  Slave second(place, release, checkpointing);
  second.expect("orphan " + task.id);
  second.expect("destroyed " + task.id + " exit=0");
  second.say("containers");
  second.expect("containers 0");
}

TEST_CASE("restarted slave has one wait for each container") {
  const auto release = any_release();
  INFO("Mesos " << release);
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, release, checkpointing);
  const auto one = first->run("one", run_until_go);
  const auto other = first->run("other", run_until_go);
  first->expect_status(one, "TASK_RUNNING");
  first->expect_status(other, "TASK_RUNNING");
  // Without their shells, and without a child that is about to become a supervisor.
  const auto count = [&] {
    const auto waits = place.processes({program(), "wait"});
    return std::count_if(waits.begin(), waits.end(), waits_for_lock);
  };
  eventually("each container has its wait", [&] { return count() == 2; });
  first.reset();
  eventually("the waits of the dead slave have ended", [&] { return count() == 0; });

  Slave second(place, release, checkpointing);
  second.expect("reregistered one");
  second.expect("reregistered other");
  eventually("each container has its wait", [&] { return count() == 2; });
  write_file(one.sandbox / "go", "");
  second.expect("status one TASK_FINISHED source=EXECUTOR .*");
  second.expect_termination(one);
}

TEST_CASE("slave that does not checkpoint finds orphans") {
  const auto release = any_release();
  INFO("Mesos " << release);
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, release, forgetful);
  const auto task = first->run("task", "trap '' TERM; while :; do sleep 0.05; done");
  first->expect_status(task, "TASK_RUNNING");
  first.reset();

  Slave second(place, release, forgetful);
  CHECK(second.expect("orphan (.*)")[0] == task.id);
  second.expect("destroyed " + task.id + " exit=0");
  CHECK(place.docker_containers().empty());
}

TEST_CASE("slave whose checkpoints were removed finds orphans") {
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, "1.0.4", checkpointing);
  const auto one = first->run("one", "sleep 1000");
  const auto two = first->launch("two", "image=busybox:test command='sleep 1000'", "launch-custom");
  first->expect_status(one, "TASK_RUNNING");
  first->expect("launched two .*");
  place.await_state(two.id, "Running");
  first.reset();
  fs::remove_all(place.path() / "meta");

  Slave second(place, "1.0.4", checkpointing);
  for (const auto& task : {one, two}) {
    second.expect("orphan " + task.id);
    second.expect("destroyed " + task.id + " exit=0");
  }
  second.expect("recovered 0");
  CHECK(place.docker_containers().empty());
}

TEST_CASE("slave that is restarted with --recover=cleanup") {
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, "1.0.4", checkpointing);
  const auto task = first->run("task", "sleep 1000");
  first->expect_status(task, "TASK_RUNNING");
  first.reset();

  const auto cleaned = run(
      {slave_binaries() + "/slave-player", "--containerizer_path=" + program(),
       "--work_dir=" + place.path().string(), "--launcher_dir=" + place.launcher("1.0.4").string(),
       "--recover=cleanup", "--executor_shutdown_grace_period=1"},
      place.variables());
  INFO(cleaned.out << cleaned.err);
  CHECK(cleaned.status == 0);
  CHECK(place.docker_containers().empty());
}

TEST_CASE("script of an operator between slave and program is not taken for the slave") {
  const WorkDirectory place;
  const auto script = place.scratch() / "wrapper";
  write_file(script, "#!/bin/sh\n\"" + program() + "\" \"$@\"\nexit $?\n");
  fs::permissions(script, fs::perms(0755));
  const auto frame = frame_of(custom_launch(place, "c1", "exit 4"));
  const auto launched =
      run({"sh", "-c", script.string() + " launch; exit $?"}, place.variables(), frame);
  INFO(launched.err);
  REQUIRE(launched.status == 0);
  CHECK(place.sql("SELECT count(*) FROM callers WHERE purpose = 'launch'") == "0");
  CHECK(place.call_for("destroy", "c1").status == 0);
}

TEST_CASE("recovery that is repeated changes nothing") {
  const WorkDirectory place;
  Slave slave(place, "1.0.4", checkpointing);
  const auto task = slave.run("task", "sleep 1000");
  slave.expect_status(task, "TASK_RUNNING");
  const auto before = place.events_of(task.id);
  const auto supervisor = place.supervisor(task.id);
  for (int i = 0; i < 3; ++i) CHECK(place.call("recover").status == 0);
  CHECK(place.events_of(task.id) == before);
  CHECK(place.supervisor(task.id) == supervisor);
}
