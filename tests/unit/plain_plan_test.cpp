#include "engine/translation/plain_plan.h"

#include <catch2/catch.hpp>

using namespace containerizer;

namespace {

mesos::containerizer::Launch launch_as(const std::string& user) {
  mesos::containerizer::Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1");
  launch.set_user(user);
  launch.mutable_executor_info()->mutable_command()->set_value("id");
  return launch;
}

Result<LaunchPlan> plan(const mesos::containerizer::Launch& launch, const std::string& owner) {
  return make_plain_plan(launch, {}, owner);
}

}  // namespace

TEST_CASE("a process of the host runs as its sandbox's owner") {
  CHECK(plan(launch_as("alice"), "1000:1001").value().create.at("User") == "1000:1001");
  CHECK(plan(launch_as("root"), "0:0").value().create.at("User") == "0:0");
}

// A sandbox can change hands: an archive that is fetched can hold an owner of its own.
TEST_CASE("nobody becomes root by a sandbox that is root's, or gone") {
  CHECK(plan(launch_as("alice"), "0:0").failed_with(Fault::refused));
  CHECK(plan(launch_as("alice"), "0:1000").failed_with(Fault::refused));
  CHECK(plan(launch_as("alice"), "").failed_with(Fault::refused));
  CHECK(plan(launch_as("root"), "").failed_with(Fault::refused));
}
