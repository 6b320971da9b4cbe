// Processes, the daemon, the framework or the whole machine die or hang around a real slave.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/integration/daemon.h"
#include "tests/mesos/stage.h"

using namespace containerizer::real_mesos;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

void kill_each(const std::vector<pid_t>& processes) {
  for (const auto pid : processes) ::kill(pid, SIGKILL);
}

}  // namespace

TEST_CASE("a supervisor that is killed is replaced and the task goes on") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  stage.place().kill_supervisor(container);
  stage.place().supervisor(container);
  stage.end_waiting("task");
  stage.check_gone("task");
}

TEST_CASE("all supervisors and waits are killed while the slave is down") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  stage.cluster.kill_slave();
  stage.place().kill_all();
  stage.cluster.start_slave();
  stage.place().supervisor(container);
  stage.end_waiting("task");
  stage.check_gone("task");
}

TEST_CASE("a task whose mesos-executor is killed has failed and leaves nothing") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  kill_each(stage.place().processes({"/mesos-executor", container}));
  const auto end = stage.framework.end_of("task");
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  stage.check_gone("task");
}

TEST_CASE("supervisor and executor and slave die together and nothing is left") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  const auto all = stage.place().processes({});
  stage.cluster.kill_slave();
  kill_each(all);
  stage.cluster.start_slave();
  const auto end = stage.framework.end_of("task");
  INFO(end);
  CHECK((end.state == "TASK_FAILED" || end.state == "TASK_LOST"));
  stage.check_gone("task");
  eventually("no container is left", [&] { return stage.place().docker_containers().empty(); });
}

TEST_CASE("a container that an operator removes has ended") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  docker({"rm", "-f", stage.cluster.docker_id(container)});
  const auto end = stage.framework.end_of("task");
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  stage.check_gone("task");
}

TEST_CASE("a task survives a restart of the daemon") {
  Stage stage;
  stage.start_waiting("task");
  { const DeadDaemon restarted; }
  stage.end_waiting("task");
  stage.check_gone("task");
}

TEST_CASE("a task ends while the daemon is dead") {
  Stage stage;
  const auto container = stage.start_waiting("task");
  {
    const DeadDaemon dead;
    stage.let_go("task");
    eventually("it went", [&] { return !fs::exists(stage.cluster.sandbox_of("task") / "go"); });
  }
  const auto end = stage.framework.end_of("task");
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  stage.cluster.await_gone(container);
}

TEST_CASE("a launch waits for a daemon that hangs") {
  Stage stage;
  {
    const FrozenDaemon frozen;
    stage.framework.launch(stage.cluster.task("task", "echo after all"));
    stage.cluster.container_of("task");
    // The slave itself does not hang.
    stage.cluster.ask_slave("/slave(1)/state.json");
  }
  CHECK(stage.framework.end_of("task").state == "TASK_FINISHED");
}

TEST_CASE("a running task is killed although the daemon hangs for a while") {
  Stage stage;
  stage.start_waiting("task");
  {
    const FrozenDaemon frozen;
    stage.framework.kill("task");
    stage.cluster.ask_slave("/slave(1)/state.json");
  }
  CHECK(stage.framework.end_of("task").state == "TASK_KILLED");
  stage.check_gone("task");
}

TEST_CASE("a slave does not start without its daemon and starts with it") {
  Stage stage({}, {},
              {{"CONTAINERIZER_DAEMON_TIMEOUT", "2secs"}, {"CONTAINERIZER_DAEMON_RETRY", "2secs"}});
  stage.start_waiting("task");
  stage.cluster.kill_slave();
  {
    const DeadDaemon dead;
    stage.cluster.launch_slave();
    CHECK(stage.cluster.slave().await_end() != 0);
  }
  stage.cluster.start_slave();
  stage.end_waiting("task");
}

TEST_CASE("the tasks of a framework that is gone for good are ended") {
  Stage stage;
  const auto command = stage.start_waiting("task");
  const auto custom = stage.start(stage.cluster.custom_task("second", "executor", "sleep 3600"));
  stage.framework.unregister();
  stage.cluster.await_gone(command);
  stage.cluster.await_gone(custom);
  eventually("no container is left", [&] { return stage.place().docker_containers().empty(); });
}

TEST_CASE("a framework that comes back in time has its tasks") {
  Framework::Options options;
  options.failover_timeout = 3600;
  Cluster cluster;
  cluster.start_slave();
  {
    Framework first(cluster.master(), options);
    first.launch(cluster.task("task", until_go));
    first.await("task", "TASK_RUNNING");
    options.id = first.id();
  }
  Framework second(cluster.master(), options);
  write_file(cluster.sandbox_of("task") / "go", "");
  CHECK_THAT(second.end_of("task").message, Contains("exited with status 7"));
}

TEST_CASE("two slaves on one host leave each other's containers alone") {
  Stage first;
  Stage second;
  first.start_waiting("task");
  const auto container = second.start_waiting("task");
  first.cluster.restart_slave();
  CHECK(second.place().state_of(container) == "Running");
  for (auto* stage : {&first, &second}) stage->end_waiting("task");
}
