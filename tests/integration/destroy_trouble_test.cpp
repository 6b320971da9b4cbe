// Destroys that meet other destroys, a natural end, or a daemon that does not respond.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "cli/exit_status.h"
#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/gate.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

pid_t init_of(const WorkDirectory& place, const std::string& container_id) {
  return static_cast<pid_t>(place.show(container_id).at("pid").as_int64());
}

void await_gone(pid_t process) {
  eventually("process " + std::to_string(process) + " has exited",
             [&] { return ::kill(process, 0) != 0; });
}

}  // namespace

TEST_CASE("eight destroys at once", "[scenario-33]") {
  WorkDirectory place;
  place.set("CONTAINERIZER_STOP_TIMEOUT", "100ms");
  Gate gate(place);
  start_directly(place, "c1", stubborn);
  gate.hold("/kill", Hold::request);
  std::vector<std::unique_ptr<Child>> all;
  for (int i = 0; i < 8; ++i) all.push_back(place.begin("destroy", "c1"));
  gate.await_held();
  eventually("each destroy is blocked", [&] {
    return std::all_of(all.begin(), all.end(),
                       [](const auto& destroy) { return waits_for_lock(destroy->pid()); });
  });
  gate.open();
  for (const auto& one : all) {
    REQUIRE(one->await_end());
    INFO(one->err());
    CHECK(one->ended() == exit_ok);
  }
  CHECK(place.events_of("c1") ==
        "Launch Begin Fetched Pulled Created Started DestroyRequested Exited Drained Removed");
  CHECK(place.docker_containers().empty());
}

TEST_CASE("container that ends by itself while its destroy waits for the daemon", "[scenario-34]") {
  const WorkDirectory place;
  const auto sandbox = start_directly(place, "c1", until_go);
  std::unique_ptr<Child> destroy;
  {
    const FrozenDaemon frozen;
    write_file(sandbox / "go", "");
    await_gone(init_of(place, "c1"));
    destroy = place.begin("destroy", "c1");
    place.await_state("c1", "Stopping");
  }
  REQUIRE(destroy->await_end());
  CHECK(destroy->ended() == exit_ok);
  CHECK(place.termination_of("c1").at("kind") == "destroyed");
  CHECK(place.termination_of("c1").at("exit_code") == 7);
}

TEST_CASE("daemon that stays frozen: a destroy kills the container, and every verb exits",
          "[scenario-35][scenario-66]") {
  WorkDirectory place;
  place.set("CONTAINERIZER_ENGINE_TIMEOUT", "1secs");
  place.set("CONTAINERIZER_STOP_TIMEOUT", "100ms");
  start_directly(place, "c1", stubborn);
  const auto init = init_of(place, "c1");
  {
    const FrozenDaemon frozen;
    CHECK(place.call("update", frame_of(update_of("c1", 64))).status == exit_ok);
    CHECK(place.call("launch", frame_of(custom_launch(place, "c2", "true"))).status == exit_ok);
    CHECK(place.call_for("usage", "c1").status == exit_ok);
    const auto destroyed = place.call_for("destroy", "c1");
    CHECK(destroyed.status == exit_failed);
    CHECK_THAT(destroyed.err, Contains("container c1 still exists"));
    await_gone(init);
    CHECK(place.state_of("c1") == "Stopping");
  }
  place.set("CONTAINERIZER_ENGINE_TIMEOUT", "30secs");
  for (const char* id : {"c1", "c2"}) CHECK(place.call_for("destroy", id).status == exit_ok);
  CHECK(place.termination_of("c1").at("signal") == SIGKILL);
}

TEST_CASE("a removal that does not finish delays no other container", "[scenario-36]") {
  WorkDirectory place;
  Gate gate(place);
  const auto stays = start_directly(place, "stays", until_go);
  const auto docker_ids = place.docker_containers();
  gate.hold(docker_ids.at(0) + "?", Hold::request);
  write_file(stays / "go", "");
  gate.await_held();
  const auto goes = start_directly(place, "goes", until_go);
  write_file(goes / "go", "");
  place.await_state("goes", "Gone");
  CHECK(place.termination_of("goes").at("exit_code") == 7);
  CHECK(place.call("recover").status == exit_ok);
  CHECK(place.state_of("stays") == "Removing");
  CHECK(place.docker_containers() == docker_ids);
  gate.open();
  place.await_state("stays", "Gone");
  CHECK(place.docker_containers().empty());
}
