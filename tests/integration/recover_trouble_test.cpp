// Recoveries after a reboot, with a daemon that does not respond for one container, with a damaged
// row, and after a recovery that was killed.
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/gate.h"
#include "tests/integration/slave.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;
using mesos::containerizer::Termination;

namespace {

// A running container without a supervisor.
fs::path start_abandoned(const WorkDirectory& place, const std::string& container_id,
                         const std::string& script = until_go) {
  auto sandbox = start_directly(place, container_id, script);
  place.kill_supervisor(container_id);
  return sandbox;
}

int reported_status(const WorkDirectory& place, const std::string& container_id) {
  const auto ran = place.call_for("wait", container_id);
  INFO(ran.err);
  REQUIRE(ran.status == exit_ok);
  return message_in<Termination>(ran.out).status();
}

std::string row_of(const WorkDirectory& place, const std::string& container_id) {
  return place.sql("SELECT * FROM containers WHERE container_id = '" + container_id + "'");
}

void await_supervisor(const WorkDirectory& place, const std::string& container_id) {
  const auto supervisor = std::to_string(place.supervisor(container_id));
  eventually("the supervisor of " + container_id + " is recorded", [&] {
    return place.sql("SELECT pid FROM supervisors WHERE container_id = '" + container_id + "'") ==
           supervisor;
  });
}

// A request of a recovery to the daemon, which is held so that the recovery can be killed there.
struct Moment {
  const char* request;
  Hold how;
};

}  // namespace

TEST_CASE("containers from before a reboot, in verbs before any recovery", "[scenario-39]") {
  const WorkDirectory place;
  for (const char* id : {"waited", "destroyed"}) start_abandoned(place, id);
  place.sql("UPDATE containers SET boot_id = 'the one before'");
  CHECK(reported_status(place, "waited") == -1);
  CHECK(place.call_for("destroy", "destroyed").status == exit_ok);
  for (const char* id : {"waited", "destroyed"}) {
    place.await_state(id, "Gone");
    CHECK(place.termination_of(id).at("kind") == "rebooted");
    CHECK(reported_status(place, id) == -1);
  }
  CHECK(place.docker_containers().empty());
}

TEST_CASE("recovery of a container that was removed behind our back", "[scenario-42]") {
  const WorkDirectory place;
  start_abandoned(place, "c1");
  docker({"rm", "-f", place.docker_containers().at(0)});
  CHECK(place.call("recover").status == exit_ok);
  place.await_state("c1", "Gone");
  CHECK(place.termination_of("c1").at("kind") == "lost");
  CHECK(reported_status(place, "c1") == -1);
}

TEST_CASE("container of a launch that is gone is removed by a recovery") {
  const WorkDirectory place;
  const auto sandbox = start_directly(place, "c1", until_go);
  auto words = lines_of(docker({"inspect", "-f",
                                "{{range $name, $value := .Config.Labels}}"
                                "--label={{$name}}={{$value}}{{println}}{{end}}",
                                place.docker_containers().at(0)}));
  write_file(sandbox / "go", "");
  place.await_state("c1", "Gone");
  words.insert(words.begin(), {"create", "--name=containerizer-c1"});
  words.emplace_back("busybox:test");
  docker(words);
  REQUIRE(place.docker_containers().size() == 1);
  CHECK(place.call("recover").status == 0);
  CHECK(place.docker_containers().empty());
}

TEST_CASE("recovery of a container for which the daemon replies too late", "[scenario-43]") {
  WorkDirectory place;
  place.set("CONTAINERIZER_ENGINE_TIMEOUT", "1secs");
  Gate gate(place);
  const auto sandbox = start_abandoned(place, "c1");
  const auto before = row_of(place, "c1");
  gate.hold(place.docker_containers().at(0) + "/json", Hold::request);
  CHECK(place.call("recover").status == exit_ok);
  eventually("the daemon's timeout is logged", [&] {
    return read_file(sandbox / "stderr").find("cannot inspect container") != std::string::npos;
  });
  CHECK(row_of(place, "c1") == before);
  gate.open();
  write_file(sandbox / "go", "");
  place.await_state("c1", "Gone");
  CHECK(place.termination_of("c1").at("exit_code") == 7);
}

TEST_CASE("one container for which the daemon does not respond delays neither recovery nor others",
          "[scenario-43][scenario-44]") {
  WorkDirectory place;
  // Longer than the test: no process continues because of a timeout.
  place.set("CONTAINERIZER_ENGINE_TIMEOUT", "1hrs");
  Gate gate(place);
  const auto held = start_abandoned(place, "held");
  const auto before = row_of(place, "held");
  gate.hold(place.docker_containers().at(0) + "/json", Hold::request);
  const auto other = start_abandoned(place, "other");
  CHECK(place.call("recover").status == exit_ok);
  gate.await_held();
  write_file(other / "go", "");
  place.await_state("other", "Gone");
  CHECK(place.termination_of("other").at("exit_code") == 7);
  CHECK(row_of(place, "held") == before);
  gate.open();
  write_file(held / "go", "");
  place.await_state("held", "Gone");
  CHECK(place.termination_of("held").at("exit_code") == 7);
}

TEST_CASE("a damaged row is reported, and a second recovery changes nothing",
          "[scenario-45][scenario-46]") {
  const WorkDirectory place;
  for (const char* id : {"c1", "damaged", "c3"}) start_abandoned(place, id);
  place.sql(
      "PRAGMA ignore_check_constraints = 1;"
      "UPDATE containers SET state = 'Nowhere' WHERE container_id = 'damaged'");
  const auto containers = place.docker_containers();
  // All but that there was a recovery.
  const auto records = [&] {
    std::string kept;
    for (const auto& line : lines_of(place.sql(".dump"))) {
      if (line.find("INSERT INTO recoveries") == line.npos) kept += line + "\n";
    }
    return kept;
  };
  std::string after_first;
  for (int i = 0; i < 2; ++i) {
    const auto recovered = place.call("recover");
    CHECK(recovered.status == exit_ok);
    CHECK_THAT(recovered.err, Contains("damaged"));
    CHECK_THAT(recovered.err, !Contains("c1") && !Contains("c3"));
    for (const char* id : {"c1", "c3"}) await_supervisor(place, id);
    CHECK(place.processes({"supervise"}).size() == 2);
    if (i == 0) after_first = records();
  }
  CHECK(records() == after_first);
  CHECK(place.docker_containers() == containers);
  place.sql("UPDATE containers SET state = 'Running' WHERE container_id = 'damaged'");
}

TEST_CASE("recovery that is killed and repeated", "[scenario-48]") {
  const auto moment = GENERATE(values<Moment>({{"/containers/json", Hold::request},
                                               {"/containers/json", Hold::answer},
                                               {"DELETE", Hold::request},
                                               {"DELETE", Hold::answer}}));
  CAPTURE(moment.request, moment.how == Hold::answer);
  WorkDirectory place;
  Gate gate(place);
  for (const char* id : {"known", "lost", "over"}) start_abandoned(place, id);
  place.sql(
      "PRAGMA foreign_keys = ON; DELETE FROM containers WHERE container_id = 'lost';"
      "UPDATE containers SET state = 'Gone' WHERE container_id = 'over'");
  gate.hold(moment.request, moment.how);
  Child first({program(), "recover"}, place.variables());
  gate.await_held();
  first.kill_hard();
  gate.open();
  CHECK(place.call("recover").status == exit_ok);
  for (const char* id : {"known", "lost"}) await_supervisor(place, id);
  CHECK(place.sql("SELECT container_id, state FROM containers ORDER BY 1") ==
        "known|Running\nlost|Running\nover|Gone");
  CHECK(place.events_of("known") == "Launch Begin Fetched Pulled Created Started");
  CHECK(place.events_of("lost") == "Launch");
  CHECK(place.docker_containers().size() == 2);
  for (const char* id : {"known", "lost"}) CHECK(place.call_for("destroy", id).status == exit_ok);
}

TEST_CASE("removal that started before a reboot does not use the monotonic time from before it",
          "[scenario-65]") {
  const WorkDirectory place;
  auto launch = custom_launch(place, "c1", "true");
  const Variables kept{{"CONTAINERIZER_REMOVE_DELAY", "1hrs"}};
  REQUIRE(place.call("launch", frame_of(launch), kept).status == exit_ok);
  place.await_state("c1", "Removing");
  place.kill_supervisor("c1");
  place.sql(
      "UPDATE containers SET boot_id = 'the one before',"
      " state_since_monotonic = state_since_monotonic + 365 * 86400 * 1000");
  CHECK(place.call("recover").status == exit_ok);
  place.await_state("c1", "Gone");
  CHECK(place.docker_containers().empty());
}

TEST_CASE("history keeps its order when the wall clock goes back", "[scenario-65]") {
  const WorkDirectory place;
  const auto sandbox = start_abandoned(place, "c1");
  // So far, the wall clock was an hour ahead.
  place.sql(
      "DROP TRIGGER history_is_append_only;"
      "UPDATE history SET at = at + 3600000; UPDATE containers SET created_at = created_at +"
      " 3600000, state_since_at = state_since_at + 3600000");
  CHECK(place.call("recover").status == exit_ok);
  write_file(sandbox / "go", "");
  place.await_state("c1", "Gone");
  CHECK(place.events_of("c1") ==
        "Launch Begin Fetched Pulled Created Started Exited Drained Removed");
}
