// When and how often `wait` answers, and what that means for the threads of the slave.
#include <catch2/catch.hpp>
#include <csignal>

#include "containerizer.pb.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;
using mesos::containerizer::Termination;

namespace {

const char* const custom_until_go =
    "image=busybox:test command='until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; done; exit 7'";

// A container that runs, but whose slave has died with everything that waited for it.
Task abandoned(const WorkDirectory& place, const std::string& words = custom_until_go) {
  Slave slave(place);
  const auto task = slave.launch("task", words, "launch-custom");
  slave.expect("launched task .*");
  place.await_state(task.id, "Running");
  slave.die();
  for (const auto pid : place.processes({"wait"})) ::kill(pid, SIGKILL);
  eventually("nobody waits", [&] { return place.processes({"wait"}).empty(); });
  return task;
}

}  // namespace

TEST_CASE("late waits of eight containers freeze a slave with eight threads") {
  WorkDirectory place;
  place.set("CONTAINERIZER_WAIT", "late");
  Slave slave(place, "1.0.4", {"--threads=8"});
  for (int i = 1; i <= 8; ++i)
    slave.say("launch t" + std::to_string(i) + " image=busybox:test mem=16 command='sleep 1000'");
  slave.say("expect-frozen 3");
  slave.expect("frozen");
}

TEST_CASE("thirty containers under a slave with eight threads") {
  const WorkDirectory place;
  Slave slave(place, "1.0.4", {"--threads=8"});
  for (int i = 1; i <= 30; ++i)
    slave.say("launch t" + std::to_string(i) + " image=busybox:test mem=16 command='sleep 1000'");
  for (int i = 1; i <= 30; ++i) slave.expect("status t" + std::to_string(i) + " TASK_RUNNING .*");
  slave.say("ping");
  slave.expect("pong");
  CHECK(place.docker_containers().size() == 30);
}

TEST_CASE("late wait for a command task") {
  WorkDirectory place;
  place.set("CONTAINERIZER_WAIT", "late");
  Slave slave(place);
  const auto task = slave.run("task", "exit 3");
  CHECK(slave.expect_termination(task) ==
        "killed=false status=768 state=TASK_FAILED reasons=1 message=\"the container exited with "
        "3\"");
}

TEST_CASE("early wait for a custom executor") {
  WorkDirectory place;
  place.set("CONTAINERIZER_WAIT", "early");
  Slave slave(place);
  const auto task = slave.launch("task", "image=busybox:test command='exit 7'", "launch-custom");
  CHECK_THAT(slave.expect_termination(task), Contains("status=-1"));
}

TEST_CASE("no place for late waits") {
  WorkDirectory place;
  place.set("CONTAINERIZER_LATE_WAITS", "0");
  Slave slave(place);
  const auto task = slave.launch("task", custom_until_go, "launch-custom");
  slave.expect("launched task .*");
  eventually("the wait has answered", [&] { return !place.processes({"wait"}).empty(); });
  write_file(task.sandbox / "go", "");
  CHECK_THAT(slave.expect_termination(task), Contains("status=-1"));
}

TEST_CASE("executor that is killed for its memory", "[dockerd]") {
  const auto release = GENERATE(as<std::string>(), "0.25.0", "1.0.4");
  const WorkDirectory place;
  Slave slave(place, release);
  const auto task = slave.launch(
      "task", "image=busybox:test mem=8 executor_mem=8 command='tail /dev/zero'", "launch-custom");
  CHECK_THAT(slave.expect_termination(task), Contains("killed=true"));
  const auto reason = slave.expect("status task TASK_FAILED source=SLAVE reason=(\\S+) .*")[0];
  CHECK(reason ==
        (release == "1.0.4" ? "REASON_CONTAINER_LIMITATION_MEMORY" : "REASON_MEMORY_LIMIT"));
}

TEST_CASE("wait for a container that was never launched") {
  const WorkDirectory place;
  const auto answer = end_of(place, "never-launched");
  CHECK(answer.status() == -1);
  CHECK_THAT(answer.message(), Contains("never-launched is unknown"));
}

TEST_CASE("container that ends while nobody waits") {
  const WorkDirectory place;
  const auto task = abandoned(place);
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Gone");
  // Listed until its end has been told, and not any longer.
  CHECK(place.listed() == std::vector<std::string>{task.id});
  const auto answer = end_of(place, task.id);
  CHECK(answer.status() == 7 << 8);
  CHECK(place.listed().empty());
  CHECK(end_of(place, task.id).status() == 7 << 8);
}

TEST_CASE("two waits for one container") {
  const WorkDirectory place;
  const auto task = abandoned(place);
  const auto one = place.begin("wait", task.id);
  const auto other = place.begin("wait", task.id);
  eventually("both wait", [&] { return place.processes({"wait"}).size() == 2; });
  write_file(task.sandbox / "go", "");
  REQUIRE(one->await_end());
  REQUIRE(other->await_end());
  CHECK(message_in<Termination>(one->out()).status() == 7 << 8);
  CHECK(one->out() == other->out());
}

TEST_CASE("wait that is killed and asked again") {
  const WorkDirectory place;
  const auto task = abandoned(place);
  for (int i = 0; i < 3; ++i) {
    const auto wait = place.begin("wait", task.id);
    eventually("it waits", [&] { return place.processes({"wait"}).size() == 1; });
    wait->kill_hard();
  }
  const auto last = place.begin("wait", task.id);
  write_file(task.sandbox / "go", "");
  REQUIRE(last->await_end());
  CHECK(message_in<Termination>(last->out()).status() == 7 << 8);
}

TEST_CASE("wait that outlives its slave does not count as told") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch("task", custom_until_go, "launch-custom");
  slave.expect("launched task .*");
  eventually("it waits", [&] { return !place.processes({"wait"}).empty(); });
  slave.die();
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Gone");
  eventually("nobody waits", [&] { return place.processes({"wait"}).empty(); });
  CHECK(place.listed() == std::vector<std::string>{task.id});
}

TEST_CASE("what the slave learns of an update after the end") {
  const WorkDirectory place;
  const auto task = abandoned(place);
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Gone");
  CHECK(place.call_for("update", task.id).status == 0);
  CHECK(place.call_for("destroy", task.id).status == 0);
  CHECK(place.call_for("destroy", "never-launched").status == 0);
  CHECK(place.call_for("update", "never-launched").status == 0);
}
