// Each way in which a task can name its image.
#include <catch2/catch.hpp>

#include "tests/integration/daemon.h"
#include "tests/mesos/stage.h"

using namespace containerizer::real_mesos;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

// A task without an image, which prints who is in the container.
mesos::TaskInfo without_image(const Cluster& cluster) {
  auto task = cluster.task("task", "test -e /bin/busybox && ! test -e /usr && echo in the image");
  task.clear_container();
  task.mutable_command()->clear_container();
  return task;
}

void check_in_image(Stage& stage, const mesos::TaskInfo& task) {
  const auto end = stage.run(task);
  INFO(end);
  CHECK(end.state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("in the image\n"));
}

}  // namespace

TEST_CASE("a task that names no image runs in the slave's default image") {
  Stage stage;
  check_in_image(stage, without_image(stage.cluster));
}

TEST_CASE("a task that names no image runs on the host if the operator wants that") {
  Stage stage({}, {}, {{"CONTAINERIZER_IMAGELESS", "host"}});
  auto task = without_image(stage.cluster);
  task.mutable_command()->set_value("test -e /usr/bin/env && echo on the host");
  CHECK(stage.run(task).state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("on the host\n"));
}

TEST_CASE("the image is in the command as a URL with options", "[before-0.27]") {
  Stage stage;
  auto task = without_image(stage.cluster);
  task.mutable_command()->mutable_container()->set_image("docker:///busybox:test");
  for (const char* option : {"--env", "OPTION=yes"}) {
    task.mutable_command()->mutable_container()->add_options(option);
  }
  task.mutable_command()->set_value(task.command().value() + "; echo OPTION is $OPTION");
  check_in_image(stage, task);
  CHECK_THAT(stage.output_of("task"), Contains("OPTION is yes\n"));
}

TEST_CASE("the image is in a DockerInfo with parameters", "[since-0.21]") {
  Stage stage;
  auto task = without_image(stage.cluster);
  stage.cluster.set_image(task, "busybox:test");
  auto& parameter = *task.mutable_container()->mutable_docker()->add_parameters();
  parameter.set_key("env");
  parameter.set_value("OPTION=yes");
  task.mutable_command()->set_value(task.command().value() + "; echo OPTION is $OPTION");
  check_in_image(stage, task);
  CHECK_THAT(stage.output_of("task"), Contains("OPTION is yes\n"));
}

TEST_CASE("the image is in a MesosInfo", "[since-1.0]") {
  Stage stage;
  auto task = without_image(stage.cluster);
  task.mutable_container()->set_type(mesos::ContainerInfo::MESOS);
  auto& image = *task.mutable_container()->mutable_mesos()->mutable_image();
  image.set_type(mesos::Image::DOCKER);
  image.mutable_docker()->set_name("busybox:test");
  check_in_image(stage, task);
}

TEST_CASE("the image is an ID") {
  Stage stage;
  auto task = without_image(stage.cluster);
  stage.cluster.set_image(task, docker({"image", "inspect", "-f", "{{.Id}}", "busybox:test"}));
  check_in_image(stage, task);
}

TEST_CASE("the image is pulled from a registry with a port") {
  Stage stage;
  const Registry registry(stage.place());
  auto task = without_image(stage.cluster);
  stage.cluster.set_image(task, registry.image());
  check_in_image(stage, task);
}

TEST_CASE("a task fails with the name of an image that does not exist") {
  Stage stage;
  const Registry registry(stage.place());
  auto task = without_image(stage.cluster);
  stage.cluster.set_image(task, registry.unknown_image());
  const auto end = stage.run(task);
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  CHECK_THAT(end.message, Contains("nothing:1"));
  stage.check_gone("task");
}

TEST_CASE("a task that is killed during its pull is killed") {
  Stage stage;
  const Registry registry(stage.place());
  registry.freeze();
  auto task = without_image(stage.cluster);
  stage.cluster.set_image(task, registry.image());
  stage.framework.launch(task);
  stage.place().await_state(stage.cluster.container_of("task"), "Pulling");
  stage.framework.kill("task");
  CHECK(stage.framework.end_of("task").state == "TASK_KILLED");
  stage.check_gone("task");
}

TEST_CASE("a pull that outlives the registration timeout ends with its task") {
  Stage stage({}, {"--executor_registration_timeout=3secs"});
  const Registry registry(stage.place());
  registry.freeze();
  auto task = without_image(stage.cluster);
  stage.cluster.set_image(task, registry.image());
  const auto end = stage.run(task);
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  stage.check_gone("task");
}
