// Images from registries: with which login, when and how often they are pulled.
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/gate.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

mesos::containerizer::Launch launch_of(const WorkDirectory& place, const std::string& id,
                                       const Registry& registry) {
  auto launch = custom_launch(place, id, "exit 4");
  launch.mutable_executor_info()->mutable_command()->mutable_container()->set_image(
      registry.image());
  launch.set_directory(place.path() / ("sandbox-" + id));
  fs::create_directory(launch.directory());
  return launch;
}

// The detail of the pull in the container's history.
std::string pull_of(const WorkDirectory& place, const std::string& id) {
  return place.sql("SELECT detail FROM history WHERE event = 'Pulled' AND container_id = '" + id +
                   "'");
}

void check_that_it_runs(const WorkDirectory& place, const mesos::containerizer::Launch& launch) {
  launch_directly(place, launch);
  const auto termination = end_of(place, launch.container_id().value());
  INFO(termination.message());
  CHECK(termination.status() == 4 << 8);
}

std::string failure_of(const WorkDirectory& place, const mesos::containerizer::Launch& launch) {
  launch_directly(place, launch);
  const auto termination = end_of(place, launch.container_id().value());
  CHECK(termination.status() == 1 << 8);
  CHECK_THAT(termination.message(), Catch::StartsWith("pull: "));
  return termination.message();
}

bool says(const mesos::containerizer::Launch& launch, const std::string& words) {
  return read_file(launch.directory() + "/stderr").find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("private image with each kind of login") {
  WorkDirectory place;
  place.set("HOME", place.scratch() / "home");
  const bool is_encrypted = GENERATE(false, true);
  const Registry registry(place, {.is_private = true, .is_encrypted = is_encrypted});
  auto launch = launch_of(place, "c1", registry);

  SECTION("no login") {
    // On loopback, Docker retries without encryption and reports that failure.
    CHECK_THAT(failure_of(place, launch),
               Contains("no basic auth credentials") || Contains("authentication required") ||
                   Contains(is_encrypted ? registry.image() : "credentials"));
  }
  SECTION("a login in the task's message") {
    auto& executor = *launch.mutable_executor_info();
    executor.mutable_command()->clear_container();
    executor.mutable_container()->set_type(mesos::ContainerInfo::MESOS);
    auto& image = *executor.mutable_container()->mutable_mesos()->mutable_image()->mutable_docker();
    image.set_name(registry.image());
    image.mutable_credential()->set_principal("user");
    image.mutable_credential()->set_secret("secret");
    check_that_it_runs(place, launch);
  }
  SECTION("config.json in the sandbox") {
    fs::create_directory(launch.directory() + "/.docker");
    write_file(launch.directory() + "/.docker/config.json", registry.login());
    check_that_it_runs(place, launch);
  }
  SECTION(".dockercfg in the sandbox") {
    write_file(launch.directory() + "/.dockercfg",
               "{\"http://" + registry.address() + "\": {\"auth\": \"" + Registry::packed_login +
                   "\", \"email\": \"a@b\"}}");
    check_that_it_runs(place, launch);
  }
  SECTION("the operator's login") {
    place.set("DOCKER_CONFIG", place.scratch() / "docker-config");
    check_that_it_runs(place, launch);
  }
  SECTION("the operator's credential helper") {
    const auto helper = place.scratch() / "docker-credential-box";
    write_file(helper, "#!/bin/sh\necho '{\"Username\": \"user\", \"Secret\": \"secret\"}'\n");
    REQUIRE(::chmod(helper.c_str(), 0755) == 0);
    place.set("PATH", place.scratch().string() + ":/usr/sbin:/usr/bin:/sbin:/bin");
    fs::create_directories(place.scratch() / "home/.docker");
    write_file(place.scratch() / "home/.docker/config.json", R"({"credsStore": "box"})");
    check_that_it_runs(place, launch);
  }
  CHECK_FALSE(says(launch, "secret"));
}

TEST_CASE("a credential helper that hangs does not delay a destroy") {
  WorkDirectory place;
  const Registry registry(place, {.is_private = true});
  const auto helper = place.scratch() / "docker-credential-box";
  const auto sign = place.scratch() / "asked";
  write_file(helper, "#!/bin/sh\necho $$ > " + sign.string() + "-\nmv " + sign.string() + "- " +
                         sign.string() + "\nexec sleep 1000\n");
  REQUIRE(::chmod(helper.c_str(), 0755) == 0);
  place.set("PATH", place.scratch().string() + ":/usr/sbin:/usr/bin:/sbin:/bin");
  place.set("DOCKER_CONFIG", place.scratch() / "config");
  fs::create_directory(place.scratch() / "config");
  write_file(place.scratch() / "config/config.json", R"({"credsStore": "box"})");
  launch_directly(place, launch_of(place, "c1", registry));
  eventually("the helper is asked", [&] { return fs::exists(sign); });
  CHECK(place.call_for("destroy", "c1").status == 0);
  // If the destroy had waited for the helper's timeout, the history would contain a failed pull.
  CHECK(place.events_of("c1") == "Launch Begin Fetched DestroyRequested Removed");
  CHECK_FALSE(fs::exists(fs::path("/proc") / std::to_string(std::stoi(read_file(sign)))));
}

TEST_CASE("a pull lock that cannot be used fails the task with a message") {
  WorkDirectory place;
  const Registry registry(place);
  Gate gate(place);
  gate.hold("/images/", Hold::request);
  launch_directly(place, launch_of(place, "c1", registry));
  gate.await_held();
  const auto lock = place.state() / "pull.lock";
  write_file(lock, "");
  SECTION("others can lock it") { fs::permissions(lock, fs::perms(0666)); }
  SECTION("it is a directory") {
    fs::remove(lock);
    fs::create_directory(lock);
  }
  gate.open();
  eventually("the container is Gone", [&] {
    return place.sql("SELECT state FROM containers WHERE container_id = 'c1'") == "Gone";
  });
  // Such a file makes every verb fail.
  CHECK_THAT(place.call_for("wait", "c1").err, Contains(lock.string()));
  fs::remove(lock);
  const auto termination = end_of(place, "c1");
  CHECK(termination.status() == 1 << 8);
  CHECK_THAT(termination.message(), Catch::StartsWith("pull: ") && Contains(lock.string()));
}

TEST_CASE("policies for pulling") {
  WorkDirectory place;
  const Registry registry(place);
  const auto there = launch_of(place, "there", registry);
  auto first = launch_of(place, "first", registry);

  SECTION("when the image is missing") {
    check_that_it_runs(place, first);
    check_that_it_runs(place, there);
    CHECK(pull_of(place, "first") == "pulled");
    CHECK(pull_of(place, "there") == "already there");
  }
  SECTION("always") {
    place.set("CONTAINERIZER_PULL", "always");
    check_that_it_runs(place, first);
    check_that_it_runs(place, there);
    CHECK(pull_of(place, "there") == "pulled");
  }
  SECTION("never") {
    place.set("CONTAINERIZER_PULL", "never");
    CHECK_THAT(failure_of(place, first),
               Contains(registry.image()) && Contains("CONTAINERIZER_PULL=never"));
    docker({"tag", "busybox:test", registry.image()});
    check_that_it_runs(place, there);
    auto forced = launch_of(place, "forced", registry);
    forced.mutable_executor_info()->mutable_command()->mutable_container()->add_options(
        "--pull=always");
    CHECK_THAT(failure_of(place, forced), Contains("forces a pull"));
    CHECK_THAT(place.ask({"why", "forced"}),
               Contains("Remove force_pull_image") && !Contains("not on this host"));
  }
}

TEST_CASE("launches of one image pull it once") {
  const WorkDirectory place;
  const Registry registry(place);
  registry.freeze();
  const auto first = launch_of(place, "first", registry);
  launch_directly(place, first);
  eventually("the launch pulls", [&] { return says(first, "pulling "); });
  const auto second = launch_of(place, "second", registry);
  const auto third = launch_of(place, "third", registry);
  for (const auto& launch : {second, third}) {
    launch_directly(place, launch);
    eventually("the launch waits for the pull",
               [&] { return says(launch, "another launch is already pulling"); });
  }
  const auto destroyed = place.call_for("destroy", "third");
  INFO(destroyed.err);
  CHECK(destroyed.status == 0);
  registry.thaw();
  for (const auto* id : {"first", "second"}) CHECK(end_of(place, id).status() == 4 << 8);
  CHECK(pull_of(place, "first") == "pulled");
  CHECK(pull_of(place, "second") == "pulled by another launch");
}

TEST_CASE("launches that force a pull share one that started after they came") {
  WorkDirectory place;
  place.set("CONTAINERIZER_PULL", "always");
  const Registry registry(place);
  const bool has_login = GENERATE(false, true);
  CAPTURE(has_login);
  registry.freeze();
  const auto first = launch_of(place, "first", registry);
  launch_directly(place, first);
  eventually("the launch pulls", [&] { return says(first, "pulling "); });
  for (const auto* id : {"second", "third"}) {
    const auto launch = launch_of(place, id, registry);
    if (has_login) {
      fs::create_directory(launch.directory() + "/.docker");
      write_file(launch.directory() + "/.docker/config.json", registry.login());
    }
    launch_directly(place, launch);
    eventually("the launch waits for the pull",
               [&] { return says(launch, "another launch is already pulling"); });
  }
  registry.thaw();
  for (const auto* id : {"first", "second", "third"}) CHECK(end_of(place, id).status() == 4 << 8);
  CHECK(pull_of(place, "first") == "pulled");
  // The first pull had started before they came. One of them pulls, and both use that.
  const auto pulls = std::vector{pull_of(place, "second"), pull_of(place, "third")};
  CHECK(std::count(pulls.begin(), pulls.end(), "pulled") == (has_login ? 2 : 1));
  CHECK(std::count(pulls.begin(), pulls.end(), "pulled by another launch") == (has_login ? 0 : 1));
}

TEST_CASE("registry that dies in the middle of a pull") {
  const WorkDirectory place;
  Registry registry(place);
  registry.freeze();
  const auto launch = launch_of(place, "c1", registry);
  launch_directly(place, launch);
  eventually("the launch pulls", [&] { return says(launch, "pulling "); });
  registry.die();
  const auto termination = end_of(place, "c1");
  CHECK(termination.status() == 1 << 8);
  CHECK_THAT(termination.message(), Catch::StartsWith("pull: ") && Contains(registry.image()));
}

TEST_CASE("a launch that waits for a pull pulls itself if that pull dies") {
  const WorkDirectory place;
  const Registry registry(place);
  registry.freeze();
  const auto first = launch_of(place, "first", registry);
  const auto second = launch_of(place, "second", registry);
  launch_directly(place, first);
  eventually("the launch pulls", [&] { return says(first, "pulling "); });
  launch_directly(place, second);
  eventually("the launch waits for the pull",
             [&] { return says(second, "another launch is already pulling"); });
  place.kill_supervisor("first");
  eventually("the launch pulls", [&] { return says(second, "pulling "); });
  registry.thaw();
  CHECK(end_of(place, "second").status() == 4 << 8);
  CHECK(end_of(place, "first").status() == 4 << 8);
}

TEST_CASE("operator pulls an image beforehand") {
  const WorkDirectory place;
  const Registry registry(place);
  CHECK_THAT(place.ask({"pull", "docker://" + registry.image()}),
             Contains("pulling " + registry.image() + "\n") && Contains("ownload") &&
                 Contains(registry.image() + " is on the host\n") && !Contains("\x1b"));
  registry.forget_image();
  const auto shown = run({"script", "-qec", program() + " pull " + registry.image(), "/dev/null"},
                         place.variables());
  CHECK(shown.status == exit_ok);
  CHECK_THAT(shown.out,
             Contains("\r\x1b[K[                    ] pulling ") && Contains(" is on the host"));
  const auto missing = run({program(), "pull", registry.unknown_image()}, place.variables());
  CHECK(missing.status == exit_failed);
  CHECK_THAT(missing.err, Contains(registry.unknown_image()));
  CHECK(run({program(), "pull"}, place.variables()).status == exit_usage);
}
