// The operator's hook programs.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/integration/direct_launch.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

// Creates a hook that is a script. Returns its path.
std::string script(const WorkDirectory& place, const std::string& name, const std::string& text) {
  const auto path = place.scratch() / name;
  write_file(path, "#!/bin/sh\n" + text + "\n");
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  return path;
}

mesos::containerizer::Launch launch_of(const WorkDirectory& place) {
  auto launch = custom_launch(place, "c1", "exit 4");
  auto& variable =
      *launch.mutable_executor_info()->mutable_command()->mutable_environment()->add_variables();
  variable.set_name("OF_THE_TASK");
  variable.set_value("hunter2");
  return launch;
}

// Launches a container that ends by itself. Returns its termination.
mesos::containerizer::Termination end_of_launch(const WorkDirectory& place) {
  launch_directly(place, launch_of(place));
  auto termination = end_of(place, "c1");
  place.await_state("c1", "Gone");
  return termination;
}

std::string stderr_of_sandbox(const WorkDirectory& place) {
  return read_file(place.path() / "sandbox/stderr");
}

bool has_been_created(const WorkDirectory& place) {
  return place.events_of("c1").find("Created") != std::string::npos;
}

// A timeout that never passes in a test.
constexpr const char* long_enough = "30mins";

}  // namespace

TEST_CASE("hooks get the container's data") {
  WorkDirectory place;
  const auto hook = script(place, "a hook",
                           "echo \"words of $1\"; docker ps -aq --filter name=$CONTAINER_NAME > " +
                               place.scratch().string() + "/$CONTAINER_HOOK.ps; env > " +
                               place.scratch().string() + "/$CONTAINER_HOOK.env; pwd >&2");
  place.set("CONTAINERIZER_LAUNCH_HOOK", "'" + hook + "' \"the launch hook; $(true)\"");
  place.set("CONTAINERIZER_END_HOOK", "'" + hook + "' the-end-hook");
  place.set("CONTAINER_FOREIGN", "of somebody else's");
  const auto launch = launch_of(place);
  CHECK(end_of_launch(place).status() == 4 << 8);

  const auto at_launch = "\n" + read_file(place.scratch() / "launch.env");
  const auto at_end = "\n" + read_file(place.scratch() / "end.env");
  for (const auto& environment : {at_launch, at_end}) {
    for (const auto* line :
         {"CONTAINER_ID=c1", "CONTAINER_NAME=containerizer-c1", "CONTAINER_IMAGE=busybox:test",
          "CONTAINER_FRAMEWORK_ID=framework", "CONTAINER_EXECUTOR_ID=executor", "PATH=/"}) {
      CHECK_THAT(environment, Contains(std::string("\n") + line));
    }
    CHECK_THAT(environment, Contains("\nCONTAINER_SANDBOX=" + launch.directory() + "\n"));
    CHECK_THAT(environment, !Contains("OF_THE_TASK") && !Contains("hunter2"));
    CHECK_THAT(environment, !Contains("CONTAINER_FOREIGN") && !Contains("CONTAINER_TASK_ID"));
    CHECK_THAT(environment, !Contains("MESOS_FRAMEWORK_ID"));
  }
  CHECK_THAT(at_launch, Contains("\nCONTAINER_HOOK=launch\n") && !Contains("CONTAINER_DOCKER_ID") &&
                            !Contains("CONTAINER_END"));
  CHECK_THAT(at_end, Contains("\nCONTAINER_END=exited\n") &&
                         Contains("\nCONTAINER_EXIT_CODE=4\n") && !Contains("CONTAINER_SIGNAL"));
  CHECK_THAT(stderr_of_sandbox(place), Contains("words of the launch hook; $(true)\n/\n") &&
                                           Contains("words of the-end-hook\n/\n"));
  // The launch hook runs before the container is created, the end hook while it still exists.
  CHECK(read_file(place.scratch() / "launch.ps").empty());
  const auto seen = read_file(place.scratch() / "end.ps");
  REQUIRE(seen.size() > 1);
  CHECK_THAT(at_end, Contains("\nCONTAINER_DOCKER_ID=" + seen.substr(0, seen.size() - 1)));
}

TEST_CASE("hook that hangs is killed with its children") {
  WorkDirectory place;
  // The destructor of `place` checks that none of its processes is left.
  const auto hook = script(place, "hook", "trap '' TERM; sleep 1000 & sleep 1000");
  place.set("CONTAINERIZER_LAUNCH_HOOK", hook);
  place.set("CONTAINERIZER_END_HOOK", hook);
  place.set("CONTAINERIZER_HOOK_TIMEOUT", "100ms");
  CHECK(end_of_launch(place).status() == 4 << 8);
  for (const auto* which : {"launch hook: ", "end hook: "}) {
    CHECK_THAT(stderr_of_sandbox(place), Contains(which + hook + " exceeded its time limit"));
  }
}

TEST_CASE("hook that fails is only logged") {
  WorkDirectory place;
  SECTION("by its exit code") {
    place.set("CONTAINERIZER_LAUNCH_HOOK", script(place, "hook", "echo no; exit 3"));
    place.set("CONTAINERIZER_END_HOOK", script(place, "hook", "echo no; exit 3"));
  }
  SECTION("by a signal") {
    place.set("CONTAINERIZER_LAUNCH_HOOK", script(place, "hook", "kill -9 $$"));
  }
  SECTION("because it does not exist") {
    place.set("CONTAINERIZER_LAUNCH_HOOK", "/no/such/hook");
    place.set("CONTAINERIZER_END_HOOK", "/no/such/hook");
  }
  CHECK(end_of_launch(place).status() == 4 << 8);
  CHECK_THAT(stderr_of_sandbox(place), Contains("launch hook: "));
}

TEST_CASE("launch hook that fails fails the task, if the operator wants that") {
  WorkDirectory place;
  place.set("CONTAINERIZER_HOOK_FAILURE", "fail");
  std::string why;
  SECTION("by its exit code") {
    place.set("CONTAINERIZER_LAUNCH_HOOK", script(place, "hook", "exit 3"));
    why = "/hook failed (exit code 3)";
  }
  SECTION("because it hangs") {
    place.set("CONTAINERIZER_LAUNCH_HOOK", script(place, "hook", "sleep 1000"));
    place.set("CONTAINERIZER_HOOK_TIMEOUT", "100ms");
    why = "/hook exceeded its time limit and was killed";
  }
  SECTION("because it does not exist") {
    place.set("CONTAINERIZER_LAUNCH_HOOK", "/no/such/hook");
    why = "/no/such/hook";
  }
  const auto marker = place.scratch() / "end-of-hook";
  place.set("CONTAINERIZER_END_HOOK",
            script(place, "end", "echo $CONTAINER_END > " + marker.string() + "; exit 1"));
  const auto termination = end_of_launch(place);
  CHECK(termination.status() == 1 << 8);
  CHECK_THAT(termination.message(), Catch::StartsWith("hook: ") && Contains(why));
  CHECK(place.termination_of("c1").at("step").as_string() == "hook");
  CHECK_FALSE(has_been_created(place));
  CHECK(read_file(marker) == "failed\n");
}

TEST_CASE("destroy ends a launch hook") {
  WorkDirectory place;
  const auto started = place.scratch() / "started";
  place.set("CONTAINERIZER_LAUNCH_HOOK",
            script(place, "hook", "touch " + started.string() + "; sleep 1000"));
  place.set("CONTAINERIZER_HOOK_TIMEOUT", long_enough);
  place.set("CONTAINERIZER_HOOK_FAILURE", "fail");
  launch_directly(place, launch_of(place));
  eventually("the hook runs", [&] { return fs::exists(started); });
  const auto destroyed = place.call_for("destroy", "c1");
  INFO(destroyed.err);
  CHECK(destroyed.status == 0);
  CHECK(place.state_of("c1") == "Gone");
  CHECK(place.termination_of("c1").at("kind").as_string() == "destroyed");
  CHECK_FALSE(has_been_created(place));
}

TEST_CASE("hook whose supervisor dies is run again, after what it had started has ended") {
  WorkDirectory place;
  const auto runs = (place.scratch() / "runs").string();
  place.set("CONTAINERIZER_LAUNCH_HOOK",
            script(place, "hook",
                   "[ -e " + runs + " ] || { setsid sleep 1000 & echo 1 > " + runs +
                       "; exec sleep 1000; }; echo 2 >> " + runs));
  place.set("CONTAINERIZER_HOOK_TIMEOUT", long_enough);
  launch_directly(place, launch_of(place));
  eventually("the hook runs", [&] { return read_file(runs) == "1\n"; });
  place.kill_supervisor("c1");
  CHECK(end_of(place, "c1").status() == 4 << 8);
  CHECK(read_file(runs) == "1\n2\n");
  eventually("the first run has ended", [&] { return place.processes({"sleep", "1000"}).empty(); });
}
