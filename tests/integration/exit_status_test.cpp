// What the slave learns of an end that is hard to observe, and when it counts as delivered.
#include <catch2/catch.hpp>

#include "tests/integration/direct_launch.h"
#include "tests/integration/gate.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

const char* const name = "containerizer-c1";

std::string docker_status() { return docker({"inspect", "-f", "{{.State.Status}}", name}); }

fs::path sandbox(const WorkDirectory& place) { return place.path() / "sandbox"; }

// A container that has exited with 5 before its supervisor knows that it has been started.
void launch_and_end_early(const WorkDirectory& place, Gate& gate) {
  gate.hold("/start", Hold::answer);
  launch_directly(place, custom_launch(place, "c1", "echo once; exit 5"));
  gate.await_held();
  eventually("the container has exited", [&] { return docker_status() == "exited"; });
  REQUIRE(place.state_of("c1") == "Starting");
}

void check_early_end(const WorkDirectory& place) {
  const auto end = end_of(place, "c1");
  INFO(end.message());
  CHECK(end.status() == 5 << 8);
  place.await_state("c1", "Gone");
  CHECK(place.events_of("c1") ==
        "Launch Begin Fetched Pulled Created Started Exited Drained Removed");
  const auto termination = place.show("c1").at("termination").as_object();
  CHECK(termination.at("kind").as_string() == "exited");
  CHECK(termination.at("exit_code").as_int64() == 5);
  CHECK(read_file(sandbox(place) / "stdout") == "once\n");
}

// Runs a wait whose reply no process reads. Returns its exit status.
int wait_without_reader(const WorkDirectory& place, const Variables& more = {}) {
  auto variables = place.variables();
  variables.insert(more.begin(), more.end());
  Child wait({program(), "wait"}, variables);
  wait.close_output();
  wait.send(frame_for("c1"));
  REQUIRE(wait.await_end());
  INFO(wait.err());
  return *wait.ended();
}

void check_not_delivered(const WorkDirectory& place) {
  CHECK(place.show("c1").at("delivered").is_null());
  CHECK(place.listed() == std::vector<std::string>{"c1"});
}

}  // namespace

TEST_CASE("container that ends before the answer to its start", "[scenario-9]") {
  WorkDirectory place;
  Gate gate(place);
  launch_and_end_early(place, gate);
  gate.open();
  check_early_end(place);
}

TEST_CASE("container that ends before its row says Running, and its supervisor dies",
          "[scenario-29]") {
  WorkDirectory place;
  Gate gate(place);
  launch_and_end_early(place, gate);
  place.kill_supervisor("c1");
  gate.open();
  check_early_end(place);
}

TEST_CASE("lost record of a container that was created and never started",
          "[scenario-17][scenario-47]") {
  WorkDirectory place;
  Gate gate(place);
  gate.hold("/start", Hold::request);
  launch_directly(place, custom_launch(place, "c1", "exit 0"));
  gate.await_held();
  place.lose_record();
  gate.open();
  REQUIRE(docker_status() == "created");

  CHECK(place.call("recover").status == 0);
  place.await_state("c1", "Gone");
  CHECK(place.docker_containers().empty());
  CHECK(place.show("c1").at("termination").at("kind").as_string() == "failed");
  CHECK(place.listed() == std::vector<std::string>{"c1"});
  const auto reported = end_of(place, "c1");
  CHECK(reported.status() == 1 << 8);
  CHECK(reported.state() == mesos::TASK_FAILED);
  CHECK_THAT(reported.message(), Contains("the launch request is not recorded"));
}

TEST_CASE("wait whose reader is gone when the container has ended", "[scenario-22]") {
  const WorkDirectory place;
  launch_directly(place, custom_launch(place, "c1", "exit 7"));
  place.await_state("c1", "Gone");
  CHECK(wait_without_reader(place) == 0);
  check_not_delivered(place);
  CHECK(end_of(place, "c1").status() == 7 << 8);
  CHECK(place.listed().empty());
}

TEST_CASE("wait whose reader is gone while the container runs", "[scenario-22]") {
  const auto when = GENERATE(as<std::string>(), "early", "late");
  INFO(when);
  const WorkDirectory place;
  launch_directly(place, custom_launch(place, "c1", until_go));
  place.await_state("c1", "Running");
  CHECK(wait_without_reader(place, {{"CONTAINERIZER_WAIT", when}}) == 0);
  CHECK(place.state_of("c1") == "Running");
  check_not_delivered(place);
  write_file(sandbox(place) / "go", "");
  CHECK(end_of(place, "c1").status() == 7 << 8);
  CHECK(place.listed().empty());
}

TEST_CASE("wait whose reader exits while it waits", "[scenario-22]") {
  const WorkDirectory place;
  launch_directly(place, custom_launch(place, "c1", until_go));
  place.await_state("c1", "Running");
  const auto wait = place.begin("wait", "c1");
  eventually("wait is blocked", [&] { return waits_for_lock(wait->pid()); });
  wait->close_output();
  REQUIRE(wait->await_end());
  CHECK(wait->ended() == 0);
  CHECK(place.state_of("c1") == "Running");
  check_not_delivered(place);
  write_file(sandbox(place) / "go", "");
  CHECK(end_of(place, "c1").status() == 7 << 8);
}
