// A daemon that hangs (SIGSTOP) in the middle of every operation, or whose replies stop halfway.
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/trial.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

// Each verb exits within its deadline, although the daemon does not respond.
void check_verbs_end(const Trial& trial, const WorkDirectory& place) {
  const auto update = frame_of(update_of(Trial::id, 64));
  const auto recovery = place.begin("recover", Trial::id);
  const auto listing = place.begin("containers", Trial::id);
  const auto usage = place.begin("usage", Trial::id);
  CHECK(place.call("update", update).status == exit_ok);
  for (const auto* each : {&recovery, &listing}) {
    REQUIRE((*each)->await_end());
    CHECK((*each)->ended() == exit_failed);
    CHECK((*each)->out().empty());
    CHECK_THAT((*each)->err(), Contains("gate.sock"));
  }
  CHECK(usage->await_end());
  CHECK(trial.state() != "Gone");
}

// Sets a timeout that is long enough for any request to a working daemon.
void trust_daemon_again(WorkDirectory& place) {
  place.set("CONTAINERIZER_ENGINE_TIMEOUT", "30secs");
}

void lose_trust(WorkDirectory& place) {
  place.set("CONTAINERIZER_ENGINE_TIMEOUT", "1secs");
  place.set("CONTAINERIZER_ENGINE_PATIENCE", "1hrs");
  place.set("CONTAINERIZER_STOP_TIMEOUT", "1secs");
}

}  // namespace

TEST_CASE("daemon that hangs in the middle of an operation", "[scenario-66]") {
  const auto moment = GENERATE(from_range(all_moments()));
  CAPTURE(moment);
  Trial trial;
  lose_trust(trial.place());
  trial.hold_at(moment, Hold::request);
  {
    const FrozenDaemon frozen;
    trial.gate().open();
    check_verbs_end(trial, trial.place());
    CHECK(trial.state() == moment.state);
  }
  trust_daemon_again(trial.place());
  if (!trial.is_destroyed()) trial.let_go();
  const auto reported = trial.conclude();
  CHECK(trial.runs() == 1);
  if (moment.state == "Stopping") {
    trial.check_destroyed(reported);
  } else {
    CHECK(reported.status() == Trial::by_itself);
    CHECK(trial.output() == "up\nover\n");
  }
}

TEST_CASE("destroy while the daemon hangs in the middle of an operation",
          "[scenario-35][scenario-66]") {
  const auto moment = GENERATE(from_range(all_moments()));
  CAPTURE(moment);
  Trial trial;
  lose_trust(trial.place());
  trial.hold_at(moment, Hold::request);
  {
    const FrozenDaemon frozen;
    trial.gate().open();
    const auto destroyed = trial.place().call_for("destroy", Trial::id);
    CHECK(destroyed.status == exit_failed);
    CHECK_THAT(destroyed.err, Contains("container c1 still exists"));
  }
  trust_daemon_again(trial.place());
  CHECK(trial.place().call_for("destroy", Trial::id).status == exit_ok);
  trial.begin_destroy();
  trial.conclude();
  const bool ended_before = moment.state == "Exited" || moment.state == "Removing";
  CHECK(trial.kind() == (ended_before ? "exited" : "destroyed"));
  if (moment.state == "Pulling" || moment.state == "Creating") CHECK(trial.runs() == 0);
}

TEST_CASE("reply of the daemon that stops in its middle", "[scenario-66]") {
  const auto how = GENERATE(Hold::cut, Hold::half);
  const auto request = GENERATE(as<std::string>(), "/images/busybox:test/json",
                                "/containers/create", "/start", "/logs?stdout=");
  CAPTURE(request, how == Hold::half);
  Trial trial;
  lose_trust(trial.place());
  trial.gate().hold(request, how);
  trial.launch();
  trial.let_go();
  if (request == "/start") {
    // The daemon has performed the start, so it is not repeated.
    trial.gate().await_held();
  } else {
    // The second request follows only after the deadline of the first.
    trial.gate().await_held(2);
    trial.gate().open();
  }
  trial.conclude_by_itself();
}

TEST_CASE("stream of the daemon that breaks in its middle", "[scenario-66]") {
  const auto request = GENERATE(as<std::string>(), "/wait", "/logs?follow=1");
  CAPTURE(request);
  Trial trial;
  trial.gate().hold(request, Hold::cut);
  trial.launch_until_it_runs();
  // The reply to /wait has content only once the container exits.
  if (request == "/wait") trial.let_go();
  trial.gate().await_held(2);
  trial.gate().open();
  trial.let_go();
  trial.conclude_by_itself();
}

TEST_CASE("stream of the daemon that stops in its middle forever", "[scenario-66]") {
  const auto request = GENERATE(as<std::string>(), "/wait", "/logs?follow=1");
  CAPTURE(request);
  Trial trial;
  trial.gate().hold(request, Hold::half);
  trial.launch_until_it_runs();
  trial.let_go();
  trial.gate().await_held();
  trial.conclude_by_itself();
}

TEST_CASE("pull whose report breaks in its middle", "[scenario-66]") {
  Trial trial;
  trial.hold_at({"Pulling", "/images/create"}, Hold::cut);
  trial.gate().open();
  trial.let_go();
  CHECK(trial.conclude().status() == Trial::by_itself);
}

TEST_CASE("replies about the exit and the removal that stop in their middle", "[scenario-66]") {
  const auto how = GENERATE(Hold::cut, Hold::half);
  CAPTURE(how == Hold::half);
  Trial trial;
  lose_trust(trial.place());
  trial.launch_until_it_runs();
  trial.gate().hold("/json", how);
  trial.let_go();
  trial.gate().await_held(2);
  for (const char* verb : {"recover", "containers"}) {
    const auto ran = trial.place().call(verb);
    CHECK(ran.status == exit_failed);
    CHECK(ran.out.empty());
    CHECK_THAT(ran.err, Contains("gate.sock"));
  }
  trial.gate().open();
  trial.place().await_state(Trial::id, "Removing");
  trial.gate().hold("DELETE", how);
  trial.begin_destroy();
  trial.gate().await_held();
  trial.gate().open();
  trial.conclude_by_itself();
}
