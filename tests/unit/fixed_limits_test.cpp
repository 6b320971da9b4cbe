#include "engine/translation/fixed_limits.h"

#include <catch2/catch.hpp>

#include "engine/translation/launch_plan.h"

using namespace containerizer;

namespace {

std::string planned(const mesos::containerizer::Launch& launch, const TaskSettings& settings) {
  const auto plan = make_launch_plan(launch, {}, settings, "");
  INFO((plan.ok() ? "" : plan.failure().text));
  REQUIRE(plan.ok());
  return plan.value().fixed_limits;
}

}  // namespace

TEST_CASE("a container's label names the flags that limit it, from the task or the operator") {
  mesos::containerizer::Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1");
  launch.mutable_task_info()->mutable_command()->set_value("run it");
  auto& container = *launch.mutable_task_info()->mutable_command()->mutable_container();
  container.set_image("busybox:test");
  TaskSettings settings;
  settings.policy.default_options = {{"cpus", "1"}};
  CHECK(planned(launch, settings) == "cpus");
  container.add_options("-c=100 -m 64m --env=A=b");
  CHECK(planned(launch, settings) == "cpu-shares,memory");
  settings.policy.append_options = {{"memory-swap", "1g"}, {"memory", "32m"}};
  CHECK(planned(launch, settings) == "cpu-shares,memory,memory-swap");
  settings.policy.ignores_options = true;
  settings.policy.append_options.clear();
  settings.policy.default_options.clear();
  CHECK(planned(launch, settings).empty());
}

TEST_CASE("a label of fixed limits is read as it was written") {
  CHECK_FALSE(read_fixed_limits("").memory);
  CHECK_FALSE(read_fixed_limits("memory-swap").memory);
  const auto all = read_fixed_limits("cpu-shares,cpus,memory,memory-reservation,memory-swap");
  CHECK(all.cpu_shares);
  CHECK(all.cpu_quota);
  CHECK(all.memory);
  CHECK(all.memory_reservation);
  CHECK(all.memory_swap);
}
