#include "engine/container/launch_record.h"

#include <catch2/catch.hpp>

#include "host/process.h"
#include "recorded.h"

using namespace containerizer;

TEST_CASE("a recorded launch becomes a row in its first state") {
  const auto name = GENERATE(as<std::string>(), "mesos-0.19.1/launch-1", "mesos-0.19.1/launch-5",
                             "mesos-1.0.4/launch-1", "mesos-1.0.4/launch-2");
  const auto launch = recorded(name).launch;
  const auto made = new_container(launch);
  INFO(name);
  REQUIRE(made.ok());
  const auto& c = made.value();
  CHECK(c.container_id == launch.container_id().value());
  CHECK(c.state == "Accepted");
  CHECK(c.version == 1);
  CHECK(c.kind == (launch.has_task_info() ? "command" : "custom"));
  CHECK(c.slave_id == launch.slave_id().value());
  CHECK(c.framework_id == launch.executor_info().framework_id().value());
  CHECK(c.executor_id == launch.executor_info().executor_id().value());
  CHECK(c.task_id.has_value() == launch.has_task_info());
  CHECK(c.directory == launch.directory());
  CHECK(c.user.has_value() == launch.has_user());
  CHECK(c.nonce.size() == 32);
  CHECK(!c.docker_id);
  CHECK(c.nonce != new_container(launch).value().nonce);
}

TEST_CASE("a launch that lacks what every slave sends is refused") {
  auto launch = recorded("mesos-1.0.4/launch-1").launch;
  std::string says;
  SECTION("no container ID") {
    launch.clear_container_id();
    says = "container ID";
  }
  SECTION("a container ID with a path") {
    launch.mutable_container_id()->set_value("../../etc/passwd");
    says = "container ID";
  }
  SECTION("a container ID with several lines") {
    launch.mutable_container_id()->set_value("a\nb");
    says = "container ID";
  }
  SECTION("no executor") {
    launch.clear_executor_info();
    says = "executor_info";
  }
  SECTION("no sandbox") {
    launch.clear_directory();
    says = "sandbox";
  }
  SECTION("a sandbox with a relative path") {
    launch.set_directory("relative/path");
    says = "sandbox";
  }
  const auto refused = new_container(launch);
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.find(says) != std::string::npos);
  CHECK(refused.failure().text.find('\n') == std::string::npos);
}

TEST_CASE("the first limits are the executor's resources") {
  auto launch = recorded("mesos-1.0.4/launch-1").launch;
  const auto wanted = sum_resources(launch.executor_info().resources());
  const auto limits = initial_limits(launch);
  CHECK(limits.ticket == 0);
  CHECK(limits.cpus == wanted.cpus);
  CHECK(limits.memory == limits.hard_memory);

  launch.mutable_executor_info()->clear_resources();
  const auto none = initial_limits(launch);
  CHECK(!none.cpus);
  CHECK(!none.memory);
  CHECK(!none.hard_memory);
}

TEST_CASE("an unknown state is reported, not guessed", "[scenario-45]") {
  store::Container container;
  container.container_id = "c1";
  for (const auto state : all_states()) {
    container.state = name_of(state);
    CHECK(state_of(container) == state);
  }
  container.state = "Sleeping";
  CHECK_THROWS_WITH(state_of(container), Catch::Contains("c1") && Catch::Contains("Sleeping"));
}
