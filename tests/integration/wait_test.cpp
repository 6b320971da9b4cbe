// When `wait` replies, how often, and how many threads of the slave that blocks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "containerizer.pb.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;
using mesos::containerizer::Termination;

namespace {

const char* const custom_until_go =
    "image=busybox:test command='until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; done; exit 7'";

// A running container whose slave has died, together with each `wait` for it.
Task abandoned(const WorkDirectory& place) {
  Slave slave(place);
  const auto task = slave.launch("task", custom_until_go, "launch-custom");
  slave.expect("launched task .*");
  place.await_state(task.id, "Running");
  slave.die();
  for (const auto pid : place.processes({"wait"})) ::kill(pid, SIGKILL);
  eventually("each wait has exited", [&] { return place.processes({"wait"}).empty(); });
  return task;
}

void await_block(const Child& wait) {
  eventually("wait is blocked", [&] { return waits_for_lock(wait.pid()); });
}

// Reads what the process has written so far.
std::string output_so_far(Child& process) {
  process.pump(containerizer::deadline_in(containerizer::Duration(0)));
  return process.out();
}

}  // namespace

// This is also the control of the next test: the stand-in for the slave does freeze if `wait`
// blocks.
TEST_CASE("a late wait blocks a thread of the slave until its container ends") {
  WorkDirectory place;
  place.set("CONTAINERIZER_WAIT", "late");
  Slave slave(place, "1.0.4", {"--threads=8"});
  std::vector<Task> tasks;
  for (int i = 1; i <= 8; ++i)
    tasks.push_back(slave.launch("t" + std::to_string(i), custom_until_go, "launch-custom"));
  slave.say("expect-frozen 3");
  slave.expect("frozen");
  write_file(tasks[0].sandbox / "go", "");
  slave.say("ping 30");
  slave.expect("pong");
  CHECK_THAT(slave.expect_termination(tasks[0]), Contains("status=1792"));
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

TEST_CASE("wait replies early if no late wait is allowed, and exits when the container ends") {
  WorkDirectory place;
  place.set("CONTAINERIZER_LATE_WAITS", "0");
  const auto task = abandoned(place);
  const auto wait = place.begin("wait", task.id);
  eventually("wait has replied", [&] { return !output_so_far(*wait).empty(); });
  const auto reply = wait->out();
  CHECK(message_in<Termination>(reply).status() == -1);
  await_block(*wait);
  CHECK(place.state_of(task.id) == "Running");
  write_file(task.sandbox / "go", "");
  REQUIRE(wait->await_end());
  CHECK(wait->ended() == 0);
  CHECK(wait->out() == reply);
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

TEST_CASE("container that ends while no wait runs") {
  const WorkDirectory place;
  const auto task = abandoned(place);
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Gone");
  // `containers` lists it until its termination has been delivered, and no longer.
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
  for (const auto* each : {&one, &other}) {
    await_block(**each);
    CHECK(output_so_far(**each).empty());
  }
  write_file(task.sandbox / "go", "");
  REQUIRE(one->await_end());
  REQUIRE(other->await_end());
  CHECK(message_in<Termination>(one->out()).status() == 7 << 8);
  CHECK(one->out() == other->out());
}

TEST_CASE("wait that is killed and repeated") {
  const WorkDirectory place;
  const auto task = abandoned(place);
  for (int i = 0; i < 3; ++i) {
    const auto wait = place.begin("wait", task.id);
    await_block(*wait);
    wait->kill_hard();
  }
  const auto last = place.begin("wait", task.id);
  write_file(task.sandbox / "go", "");
  REQUIRE(last->await_end());
  CHECK(message_in<Termination>(last->out()).status() == 7 << 8);
}

TEST_CASE("a termination is not delivered if the slave dies before the container ends") {
  const auto when = GENERATE(as<std::string>(), "early", "late");
  CAPTURE(when);
  WorkDirectory place;
  place.set("CONTAINERIZER_WAIT", when);
  Slave slave(place);
  const auto task = slave.launch("task", custom_until_go, "launch-custom");
  slave.expect("launched task .*");
  // An early wait blocks after the slave has read its reply.
  eventually("wait is blocked", [&] {
    const auto waits = place.processes({"wait"});  // and the slave's shell
    return std::any_of(waits.begin(), waits.end(), waits_for_lock);
  });
  slave.die();
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Gone");
  eventually("wait has exited", [&] { return place.processes({"wait"}).empty(); });
  CHECK(place.show(task.id).at("delivered").is_null());
  CHECK(place.listed() == std::vector<std::string>{task.id});
}

TEST_CASE("update and destroy succeed for a container that has ended or never existed") {
  const WorkDirectory place;
  const auto task = abandoned(place);
  write_file(task.sandbox / "go", "");
  place.await_state(task.id, "Gone");
  CHECK(place.call_for("update", task.id).status == 0);
  CHECK(place.call_for("destroy", task.id).status == 0);
  CHECK(place.call_for("destroy", "never-launched").status == 0);
  CHECK(place.call_for("update", "never-launched").status == 0);
}
