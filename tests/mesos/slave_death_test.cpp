// The slave is killed with SIGKILL and started again.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/integration/daemon.h"
#include "tests/integration/gate.h"
#include "tests/mesos/stage.h"

using namespace containerizer::real_mesos;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

Framework::Options forgetful() {
  Framework::Options options;
  options.checkpoint = false;
  return options;
}

// Lets the task end while the slave is down. Returns what the next slave reports.
containerizer::real_mesos::Status end_without_slave(Stage& stage, const std::string& container) {
  stage.cluster.kill_slave();
  stage.let_go("task");
  stage.place().termination_of(container);
  stage.cluster.start_slave();
  return stage.framework.end_of("task");
}

// No two containers of a task, and none after its end.
void check_one_run(Stage& stage, const std::string& task) {
  eventually("no container is left", [&] { return stage.place().docker_containers().empty(); });
  stage.check_gone(task);
}

}  // namespace

TEST_CASE("a running command task is kept by a restarted slave") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  const auto id = stage.cluster.docker_id(container);
  stage.cluster.restart_slave();
  CHECK(stage.cluster.docker_id(container) == id);
  stage.let_go("task");
  const auto end = stage.framework.end_of("task");
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  CHECK_THAT(end.message, Contains("exited with status 7"));
  stage.check_gone("task");
}

TEST_CASE("a slave that is restarted three times keeps its tasks") {
  Stage stage;
  stage.start_waiting("task");
  for (int i = 0; i < 3; ++i) stage.cluster.restart_slave();
  stage.end_waiting("task");
}

TEST_CASE("a restarted slave launches further tasks") {
  Stage stage;
  stage.start_waiting("before");
  stage.cluster.restart_slave();
  CHECK(stage.run(stage.cluster.task("after", "echo again")).state == "TASK_FINISHED");
  stage.let_go("before");
  CHECK(stage.framework.end_of("before").state == "TASK_FAILED");
}

TEST_CASE("a task that ends with an error while the slave is down has failed with its code") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  const auto end = end_without_slave(stage, container);
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  CHECK_THAT(end.message, Contains("Command exited with status 7"));
  stage.check_gone("task");
}

TEST_CASE("a task that succeeds while the slave is down is finished") {
  Stage stage;
  const auto container = stage.start(stage.cluster.task(
      "task", "trap exit TERM; until rm $MESOS_SANDBOX/go 2> /dev/null; do sleep 0.05; done"));
  const auto end = end_without_slave(stage, container);
  INFO(end);
  CHECK(end.state == "TASK_FINISHED");
  stage.check_gone("task");
}

TEST_CASE("a running custom executor is kept by a restarted slave") {
  Stage stage;
  const auto container = stage.start(stage.cluster.custom_task(
      "task", "executor", "until rm $MESOS_SANDBOX/go 2> /dev/null; do sleep 0.05; done"));
  stage.cluster.restart_slave();
  CHECK(stage.run(stage.cluster.custom_task("second", "executor", "echo second")).state ==
        "TASK_FINISHED");
  stage.let_go("executor");
  CHECK(stage.framework.end_of("task").state == "TASK_FINISHED");
  CHECK(stage.place().state_of(container) == "Running");
}

TEST_CASE("a custom executor that ends while the slave is down is reported with its status") {
  Stage stage;
  const auto container = stage.start(stage.cluster.custom_task("task", "executor", "sleep 3600"));
  stage.cluster.kill_slave();
  docker({"kill", "-s", "KILL", stage.cluster.docker_id(container)});
  stage.place().termination_of(container);
  stage.cluster.start_slave();
  const auto end = stage.framework.end_of("task");
  INFO(end);
  CHECK((end.state == "TASK_FAILED" || end.state == "TASK_LOST"));
  CHECK_THAT(end.message, Contains("signal 9"));
  stage.check_gone("executor");
}

TEST_CASE("a slave without checkpoints loses its command task and leaves nothing") {
  Stage stage(forgetful());
  stage.start_waiting("task");
  stage.cluster.restart_slave();
  CHECK(stage.framework.end_of("task").state == "TASK_LOST");
  check_one_run(stage, "task");
}

TEST_CASE("a slave without checkpoints loses its custom executor and leaves nothing") {
  Stage stage(forgetful());
  stage.start(stage.cluster.custom_task("task", "executor", "sleep 3600"));
  stage.cluster.restart_slave();
  CHECK(stage.framework.end_of("task").state == "TASK_LOST");
  check_one_run(stage, "executor");
}

TEST_CASE("a task whose slave dies in any state ends and leaves nothing") {
  // A state, and the request to the daemon without which it does not end.
  const auto [state, request] =
      GENERATE(table<std::string, std::string>({{"Pulling", "/images/create"},
                                                {"Creating", "/containers/create"},
                                                {"Starting", "/start"},
                                                {"Removing", "DELETE"}}));
  const bool checkpoint = GENERATE(true, false);
  INFO(state << (checkpoint ? ", checkpointing" : ", without checkpoints"));
  Framework::Options options;
  options.checkpoint = checkpoint;
  Cluster cluster;
  Framework framework(cluster.master(), options);
  Gate gate(cluster.place());
  const Registry registry(cluster.place());
  cluster.start_slave();
  auto task = cluster.task("task", "exit 7");
  cluster.set_image(task, registry.image());
  gate.hold(request, Hold::request);
  framework.launch(task);
  const auto container = cluster.container_of("task");
  cluster.place().await_state(container, state);
  gate.await_held();
  cluster.kill_slave();
  gate.open();
  cluster.start_slave();
  const auto end = framework.end_of("task");
  INFO(end);
  CHECK((end.state == "TASK_FAILED" || end.state == "TASK_LOST"));
  cluster.await_gone(container);
}

TEST_CASE("a task whose slave dies while it is being stopped is killed and leaves nothing") {
  Stage stage;
  Gate gate(stage.place());
  // The gate leads the processes of a slave that starts after it.
  stage.cluster.restart_slave();
  const auto container = stage.start(stage.cluster.task("task", stubborn));
  gate.hold("/kill", Hold::request);
  stage.framework.kill("task");
  stage.place().await_state(container, "Stopping");
  gate.await_held();
  stage.cluster.kill_slave();
  gate.open();
  stage.cluster.start_slave();
  const auto end = stage.framework.end_of("task");
  INFO(end);
  CHECK(end.state == "TASK_KILLED");
  stage.cluster.await_gone(container);
}

// The slave itself may stay: it waits for the acknowledgement of the last update, and a master
// takes no update from a slave that is not registered.
TEST_CASE("a slave that is told to clean up ends all tasks") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  stage.cluster.kill_slave();
  stage.cluster.set_slave_flags({"--recover=cleanup"});
  stage.cluster.launch_slave();
  stage.cluster.await_gone(container);
  CHECK(stage.place().docker_containers().empty());
}

// A master only registers slaves of about its own release, so this ends before the registration.
TEST_CASE("tasks of an older slave are kept by a newer one", "[two]") {
  const auto newer = Installation::newer();
  REQUIRE(newer);
  Stage stage;
  const auto command = stage.start_waiting("waits");
  const auto custom = stage.start(stage.cluster.custom_task("task", "executor", "sleep 3600"));
  stage.cluster.kill_slave();
  stage.cluster.upgrade(*newer);
  stage.cluster.launch_slave();
  for (const char* executor : {"waits", "executor"}) {
    stage.cluster.slave().await_log("Re-registering executor '" + std::string(executor));
  }
  stage.cluster.slave().await_log("Finished recovery");
  CHECK(stage.place().state_of(command) == "Running");
  CHECK(stage.place().state_of(custom) == "Running");
  stage.let_go("waits");
  const auto end = stage.place().termination_of(command);
  CHECK_THAT(end.at("message").as_string().c_str(), Contains("exited with 7"));
  stage.cluster.await_gone(command);
  CHECK(stage.place().state_of(custom) == "Running");
}
