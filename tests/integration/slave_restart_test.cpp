// The slave dies and starts again, with and without its checkpoints.
#include <catch2/catch.hpp>

#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

const Slave::Flags checkpointing{"--checkpoint=true"}, forgetful{"--checkpoint=false"};

const char* const until_go = "until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; done; echo went";

std::string any_release() { return GENERATE(as<std::string>(), "0.19.1", "0.23.0", "1.0.4"); }

}  // namespace

TEST_CASE("restarted slave and a running task") {
  const auto release = any_release();
  INFO("Mesos " << release);
  const WorkDirectory place;
  auto first = std::make_unique<Slave>(place, release, checkpointing);
  const auto task = first->run("task", until_go);
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
  const auto task =
      first->launch("task", std::string("image=busybox:test command='") + until_go + "; exit 7'",
                    "launch-custom");
  first->expect("launched task .*");
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
  const auto task = first->run("task", until_go);
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
