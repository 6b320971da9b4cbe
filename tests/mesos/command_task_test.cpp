// Command tasks on a real slave: their ends, and what they find in their container.
#include <catch2/catch.hpp>

#include "tests/integration/direct_launch.h"
#include "tests/mesos/stage.h"

using namespace containerizer::real_mesos;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

// A task that runs until it is let go. mesos-executor runs `command` five times a second to check
// its health, and gives up after the second failure.
mesos::TaskInfo checked_task(const Stage& stage, const std::string& command) {
  auto task = stage.cluster.task("task", until_go);
  mesos::internal::HealthCheckTimes times;
  times.set_delay_seconds(0);
  times.set_interval_seconds(0.2);
  times.set_consecutive_failures(2);
  times.set_grace_period_seconds(0);
  task.mutable_health_check()->MergeFromString(times.SerializeAsString());
  task.mutable_health_check()->mutable_command()->set_value(command);
  return task;
}

}  // namespace

TEST_CASE("a command task that exits with 0 is finished") {
  Stage stage;
  const auto end = stage.run(stage.cluster.task("task", "echo out; echo err >&2"));
  CHECK(end.state == "TASK_FINISHED");
  CHECK_THAT(end.message, Contains("exited with status 0"));
  CHECK(stage.framework.statuses("task").front().state == "TASK_RUNNING");
  CHECK_THAT(stage.output_of("task"), Contains("out\n"));
  CHECK_THAT(read_file(stage.cluster.sandbox_of("task") / "stderr"), Contains("err\n"));
  stage.check_gone("task");
}

TEST_CASE("a command task that exits with another code has failed with that code") {
  Stage stage;
  const auto end = stage.run(stage.cluster.task("task", "exit 7"));
  CHECK(end.state == "TASK_FAILED");
  CHECK_THAT(end.message, Contains("exited with status 7"));
  stage.check_gone("task");
}

TEST_CASE("a command task that a signal ends has failed with the number of that signal") {
  Stage stage;
  stage.framework.launch(stage.cluster.task("task", until_go));
  stage.framework.await("task", "TASK_RUNNING");
  const auto container = stage.cluster.container_of("task");
  stage.cluster.place().await_state(container, "Running");
  docker({"kill", "-s", "KILL", stage.cluster.docker_id(container)});
  const auto end = stage.framework.end_of("task");
  CHECK(end.state == "TASK_FAILED");
  // The daemon reports 128 + the signal, as of a shell.
  CHECK_THAT(end.message, Contains("137"));
  stage.check_gone("task");
}

TEST_CASE("a command task that needs too much memory has failed and its record says why") {
  Stage stage;
  const auto end =
      stage.run(stage.cluster.task("task", "exec dd if=/dev/zero of=/dev/null bs=400M count=1"));
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  const auto container = stage.cluster.container_of("task");
  CHECK(stage.cluster.place().termination_of(container).at("kind") == "oom");
  stage.check_gone("task");
}

TEST_CASE("a killed command task gets SIGTERM and is killed") {
  Stage stage;
  stage.start_ready(stage.cluster.task(
      "task", "trap 'echo stopped; exit 3' TERM; echo ready; while :; do sleep 0.05; done"));
  stage.framework.kill("task");
  const auto end = stage.framework.end_of("task");
  CHECK(end.state == "TASK_KILLED");
  CHECK_THAT(end.message, Contains("exited with status 3"));
  stage.check_gone("task");
  CHECK_THAT(stage.output_of("task"), Contains("stopped\n"));
}

TEST_CASE("a killed command task that ignores SIGTERM is killed by SIGKILL") {
  Stage stage;
  stage.framework.launch(stage.cluster.task("task", stubborn));
  stage.framework.await("task", "TASK_RUNNING");
  stage.framework.kill("task");
  CHECK(stage.framework.end_of("task").state == "TASK_KILLED");
  stage.check_gone("task");
}

TEST_CASE("a kill policy gives the task all of its time", "[since-1.0]") {
  Stage stage;
  // It needs longer than the default of 2 s.
  auto task = stage.cluster.task(
      "task",
      "trap 'sleep 3; echo cleaned up; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
  task.mutable_kill_policy()->mutable_grace_period()->set_nanoseconds(8'000'000'000);
  SECTION("that its signal reaches") {
    stage.start_ready(task);
    stage.framework.kill("task");
    const auto end = stage.framework.end_of("task");
    CHECK(end.state == "TASK_KILLED");
    CHECK_THAT(end.message, Contains("exited with status 3"));
  }
  SECTION("that is killed before its proxy runs") {
    stage.framework.launch(task);
    stage.framework.await("task", "TASK_RUNNING");
    stage.await_output("task", "ready");
    stage.framework.kill("task");
    CHECK(stage.framework.end_of("task").state == "TASK_KILLED");
  }
  stage.check_gone("task");
  CHECK_THAT(stage.output_of("task"), Contains("cleaned up\n"));
}

TEST_CASE("a short kill policy ends a stubborn task", "[since-1.0]") {
  Stage stage;
  auto task = stage.cluster.task("task", stubborn);
  task.mutable_kill_policy()->mutable_grace_period()->set_nanoseconds(500'000'000);
  stage.framework.launch(task);
  stage.framework.await("task", "TASK_RUNNING");
  stage.framework.kill("task");
  CHECK(stage.framework.end_of("task").state == "TASK_KILLED");
  stage.check_gone("task");
}

TEST_CASE("a command task has its environment and its sandbox") {
  Stage stage;
  auto task =
      stage.cluster.task("task", "echo \"$GREETING from $PWD\"; echo mine > $MESOS_SANDBOX/file");
  set_variable(*task.mutable_command(), "GREETING", "hello with a space");
  CHECK(stage.run(task).state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("hello with a space from /"));
  CHECK(read_file(stage.cluster.sandbox_of("task") / "file") == "mine\n");
}

TEST_CASE("the sandbox of a command task belongs to its user") {
  Stage stage;
  auto task = stage.cluster.task("task", "id -u; ls -ld $MESOS_SANDBOX | awk '{print $3}'");
  task.mutable_command()->set_user("nobody");
  CHECK(stage.run(task).state == "TASK_FINISHED");
  const auto sandbox = stage.cluster.sandbox_of("task");
  CHECK(output_of({"stat", "-c", "%U", sandbox}) == "nobody");
  CHECK_THAT(stage.output_of("task"), Contains("nobody\n"));
}

TEST_CASE("a framework's user owns its sandboxes") {
  Framework::Options options;
  options.user = "nobody";
  Stage stage(options);
  CHECK(stage.run(stage.cluster.task("task", "true")).state == "TASK_FINISHED");
  CHECK(output_of({"stat", "-c", "%U", stage.cluster.sandbox_of("task")}) == "nobody");
}

TEST_CASE("a command task finds its URIs in the sandbox") {
  Stage stage;
  const auto& source = stage.cluster.place().scratch();
  write_file(source / "note.txt", "a note\n");
  write_file(source / "tool.sh", "#!/bin/sh\necho a tool\n");
  write_file(source / "inside.txt", "from an archive\n");
  output_of({"tar", "-C", source, "-czf", source / "pack.tgz", "inside.txt"});
  auto task = stage.cluster.task(
      "task", "cd $MESOS_SANDBOX && cat note.txt && ./tool.sh && cat inside.txt");
  for (const char* file : {"note.txt", "tool.sh", "pack.tgz"}) {
    auto& uri = *task.mutable_command()->add_uris();
    uri.set_value(source / file);
    uri.set_executable(std::string(file) == "tool.sh");
  }
  CHECK(stage.run(task).state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("a note\na tool\nfrom an archive\n"));
}

TEST_CASE("a command task whose URI is missing fails and names it") {
  Stage stage;
  auto task = stage.cluster.task("task", "true");
  task.mutable_command()->add_uris()->set_value("/nonexistent/file");
  const auto end = stage.run(task);
  CHECK(end.state == "TASK_FAILED");
  CHECK_THAT(end.message, Contains("/nonexistent/file"));
  stage.check_gone("task");
}

TEST_CASE("a command without a shell has its arguments", "[since-0.20]") {
  Stage stage;
  auto task = stage.cluster.task("task", "echo");
  task.mutable_command()->set_shell(false);
  for (const char* word : {"echo", "$HOME", "two words"})
    task.mutable_command()->add_arguments(word);
  CHECK(stage.run(task).state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("$HOME two words\n"));
}

TEST_CASE("a healthy command task is reported as healthy", "[since-0.20]") {
  Stage stage;
  stage.framework.launch(checked_task(stage, "true"));
  stage.framework.await_health("task", true);
  stage.framework.kill("task");
  stage.framework.end_of("task");
}

TEST_CASE("an unhealthy command task is killed", "[since-0.20]") {
  Stage stage;
  stage.framework.launch(checked_task(stage, "false"));
  stage.framework.await_health("task", false);
  CHECK(stage.framework.end_of("task").state == "TASK_KILLED");
  stage.check_gone("task");
}
