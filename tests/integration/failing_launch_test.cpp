// Failures after `launch` has succeeded, and how they are reported to the slave.
#include <catch2/catch.hpp>

#include "tests/integration/daemon.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

// Expects a successful `launch` and then a failure in `step`. Returns the failure's message.
std::string failure_of(Slave& slave, const WorkDirectory& place, const Task& task,
                       const std::string& step) {
  slave.expect("launched " + task.name + " .*");
  const auto words = slave.expect_status(task, "TASK_FAILED");
  slave.expect_termination(task);
  const auto termination = place.show(task.id).at("termination").as_object();
  CHECK(termination.at("kind").as_string() == "failed");
  CHECK(termination.at("step").as_string() == step.c_str());
  CHECK_THAT(words, Catch::StartsWith(step + ": "));
  return words;
}

}  // namespace

TEST_CASE("image whose registry cannot be reached") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch("task", "image=registry.invalid/nothing:1 command=true");
  CHECK_THAT(failure_of(slave, place, task, "pull"), Contains("registry.invalid"));
}

TEST_CASE("image that its registry does not have") {
  const WorkDirectory place;
  const Registry registry(place);
  Slave slave(place);
  const auto task = slave.launch("task", "image=" + registry.unknown_image() + " command=true");
  CHECK_THAT(failure_of(slave, place, task, "pull"), Contains("manifest unknown"));
}

TEST_CASE("option that docker run does not have") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task =
      slave.launch("task", "image=busybox:test dialect=command option=--frobnicate command=true");
  CHECK_THAT(failure_of(slave, place, task, "plan"), Contains("--frobnicate"));
}

TEST_CASE("launch that the operator's policy refuses, and one that it does not") {
  WorkDirectory place;
  const auto data = place.scratch() / "data";
  fs::create_directory(data);
  place.set("CONTAINERIZER_ALLOWED_VOLUMES", data.string());
  place.set("CONTAINERIZER_FORBIDDEN_FLAGS", "entrypoint");
  place.set("CONTAINERIZER_ALLOWED_REGISTRIES", "docker.io");
  place.set("CONTAINERIZER_PRIVILEGED", "refuse");
  place.set("CONTAINERIZER_APPEND_OPTIONS", "-e 'SITE=far north' -v /etc/hostname:/name:ro");
  Slave slave(place);
  int number = 0;
  struct Case {
    const char* words;
    const char* rule;
  };
  for (const auto& [words, rule] : {
           Case{"volume=/etc:/inside", "CONTAINERIZER_ALLOWED_VOLUMES"},
           Case{"parameter=mount=type=bind,src=/etc,dst=/x", "CONTAINERIZER_ALLOWED_VOLUMES"},
           Case{"parameter=entrypoint=/bin/true", "CONTAINERIZER_FORBIDDEN_FLAGS"},
           Case{"privileged=true", "CONTAINERIZER_PRIVILEGED"},
           Case{"image=localhost:5000/app", "CONTAINERIZER_ALLOWED_REGISTRIES"},
       }) {
    CAPTURE(words);
    const std::string image = std::string(words).starts_with("image=") ? "" : "image=busybox:test ";
    const auto task =
        slave.launch("task" + std::to_string(++number), image + words + " command=true");
    CHECK_THAT(failure_of(slave, place, task, "plan"), Contains(rule));
  }
  const auto task =
      slave.run("task", "test -s /name && echo $SITE > /inside/file && echo more > /within/file",
                "volume=" + data.string() + ":/inside volume=within:/within");
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
  CHECK(read_file(data / "file") == "far north\n");
  CHECK(read_file(task.sandbox / "within/file") == "more\n");
}

TEST_CASE("option that the daemon refuses") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task =
      slave.launch("task", "image=busybox:test parameter=cap-add=NONSENSE command=true");
  CHECK_THAT(failure_of(slave, place, task, "create"), Contains("NONSENSE"));
}

TEST_CASE("program that the image does not have") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch("task", "image=busybox:test shell=false command=/no/such/program");
  CHECK_THAT(failure_of(slave, place, task, "start"), Contains("/no/such/program"));
}

TEST_CASE("network that does not exist") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch(
      "task", "image=busybox:test network=USER network_name=no-such-network command=true",
      "launch-custom");
  slave.expect("launched task .*");
  CHECK_THAT(slave.expect_termination(task), Contains("no-such-network"));
}

TEST_CASE("URI that cannot be fetched") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "true", "uri=/no/such/file");
  CHECK_THAT(failure_of(slave, place, task, "fetch"),
             Contains("mesos-fetcher failed") && Contains("/no/such/file"));
  CHECK_THAT(read_file(task.sandbox / "stderr"), Contains("/no/such/file"));
}

TEST_CASE("mesos-fetcher that is not there") {
  const WorkDirectory place;
  Slave slave(place);
  fs::remove(place.launcher("1.0.4") / "mesos-fetcher");
  const auto task = slave.run("task", "true", "uri=/etc/hostname");
  CHECK_THAT(failure_of(slave, place, task, "fetch"), Contains("mesos-fetcher"));
}

TEST_CASE("mesos-executor that is not there") {
  const WorkDirectory place;
  Slave slave(place);
  fs::remove(place.launcher("1.0.4") / "mesos-executor");
  const auto task = slave.run("task", "sleep 1000");
  CHECK_THAT(failure_of(slave, place, task, "executor"), Contains("mesos-executor"));
  place.await_state(task.id, "Gone");
  CHECK(place.docker_containers().empty());
}

TEST_CASE("daemon that is away for longer than CONTAINERIZER_DAEMON_RETRY") {
  WorkDirectory place;
  const auto socket = place.scratch() / "docker.sock";
  const std::string daemon = std::getenv("TEST_DOCKER_HOST");
  fs::create_symlink(daemon.substr(daemon.find("//") + 2), socket);
  place.set("CONTAINERIZER_DOCKER_ARGS", "-H unix://" + socket.string());
  place.set("CONTAINERIZER_ENGINE_PATIENCE", "1secs");
  Slave slave(place);
  fs::rename(socket, socket.string() + ".away");
  const auto task = slave.run("task", "true");
  CHECK_THAT(failure_of(slave, place, task, "pull"), Contains("docker.sock"));
  fs::rename(socket.string() + ".away", socket);
}

TEST_CASE("daemon that comes back within CONTAINERIZER_DAEMON_RETRY") {
  WorkDirectory place;
  const auto socket = place.scratch() / "docker.sock";
  const std::string daemon = std::getenv("TEST_DOCKER_HOST");
  fs::create_symlink(daemon.substr(daemon.find("//") + 2), socket);
  place.set("CONTAINERIZER_DOCKER_ARGS", "-H unix://" + socket.string());
  Slave slave(place);
  fs::rename(socket, socket.string() + ".away");
  const auto task = slave.run("task", "true");
  slave.expect("launched task .*");
  eventually("the failure is logged", [&] {
    return read_file(task.sandbox / "stderr").find("retrying") != std::string::npos;
  });
  fs::rename(socket.string() + ".away", socket);
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
}
