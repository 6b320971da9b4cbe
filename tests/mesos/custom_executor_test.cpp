// A framework's own executor in a container, on a real slave.
#include <catch2/catch.hpp>

#include "tests/mesos/stage.h"

using namespace containerizer::real_mesos;
using namespace containerizer::integration;
using Catch::Contains;

TEST_CASE("a task of a custom executor is finished when its executor says so") {
  Stage stage;
  CHECK(stage.run(stage.cluster.custom_task("task", "executor", "echo in $MESOS_EXECUTOR_ID"))
            .state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("executor"), Contains("in executor\n"));
  CHECK(stage.run(stage.cluster.custom_task("next", "executor", "exit 4")).state == "TASK_FAILED");
  CHECK(stage.place().state_of(stage.cluster.container_of("executor")) == "Running");
}

TEST_CASE("the end of a custom executor ends its tasks with the reason") {
  Stage stage;
  const auto container = stage.start(stage.cluster.custom_task("task", "executor", "sleep 3600"));
  stage.start(stage.cluster.custom_task("second", "executor", "sleep 3600"));
  docker({"kill", "-s", "KILL", stage.cluster.docker_id(container)});
  for (const char* task : {"task", "second"}) {
    const auto end = stage.framework.end_of(task);
    INFO(end);
    // Up to 0.25 the slave cannot tell that from a lost executor.
    CHECK(end.state == (stage.cluster.mesos().since(0, 26) ? "TASK_FAILED" : "TASK_LOST"));
    CHECK_THAT(end.message, Contains("signal 9"));
  }
  stage.check_gone("executor");
}

TEST_CASE("a custom executor that needs too much memory is reported so") {
  Stage stage;
  auto task = stage.cluster.custom_task("task", "executor", "");
  task.mutable_executor()->mutable_command()->set_value(
      "exec dd if=/dev/zero of=/dev/null bs=400M count=1");
  const auto end = stage.run(task);
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  CHECK_THAT(end.message, Contains("memory"));
  // REASON_CONTAINER_LIMITATION_MEMORY
  if (stage.cluster.mesos().since(0, 21)) CHECK(end.reason == 8);
  stage.check_gone("executor");
}

TEST_CASE("a custom executor that never registers ends at the registration timeout") {
  Stage stage({}, {"--executor_registration_timeout=2secs"});
  auto task = stage.cluster.custom_task("task", "executor", "");
  task.mutable_executor()->mutable_command()->set_value(
      "trap exit TERM; while :; do sleep 0.1; done");
  const auto end = stage.run(task);
  INFO(end);
  CHECK((end.state == "TASK_FAILED" || end.state == "TASK_LOST"));
  stage.check_gone("executor");
}

TEST_CASE("a custom executor that cannot start fails its task with the reason") {
  Stage stage;
  auto task = stage.cluster.custom_task("task", "executor", "");
  task.mutable_executor()->mutable_command()->set_value("exit 9");
  const auto end = stage.run(task);
  INFO(end);
  CHECK((end.state == "TASK_FAILED" || end.state == "TASK_LOST"));
  CHECK_THAT(end.message, Contains("9"));
  stage.check_gone("executor");
}

TEST_CASE("more custom executors than the slave has threads all run") {
  Stage stage;
  constexpr int executors = 12;
  std::vector<mesos::TaskInfo> tasks;
  for (int i = 0; i < executors; ++i) {
    const auto name = "task-" + std::to_string(i);
    tasks.push_back(stage.cluster.custom_task(name, "executor-" + std::to_string(i), "sleep 3600"));
  }
  stage.framework.launch(tasks);
  for (const auto& task : tasks) stage.framework.await(task.name(), "TASK_RUNNING");
  // It still answers.
  stage.cluster.ask_slave("/slave(1)/state.json");
  for (const auto& task : tasks) stage.framework.kill(task.name());
  for (const auto& task : tasks) CHECK(stage.framework.end_of(task.name()).state == "TASK_KILLED");
}

TEST_CASE("more command tasks than the slave has threads all run") {
  Stage stage;
  constexpr int number = 20;
  std::vector<mesos::TaskInfo> tasks;
  for (int i = 0; i < number; ++i) {
    tasks.push_back(stage.cluster.task("task-" + std::to_string(i), until_go));
  }
  stage.framework.launch(tasks);
  for (const auto& task : tasks) stage.framework.await(task.name(), "TASK_RUNNING");
  stage.cluster.ask_slave("/slave(1)/state.json");
  stage.cluster.restart_slave();
  for (const auto& task : tasks) stage.let_go(task.name());
  for (const auto& task : tasks) {
    const auto end = stage.framework.end_of(task.name());
    CHECK(end.state == "TASK_FAILED");
    CHECK_THAT(end.message, Contains("exited with status 7"));
  }
}
