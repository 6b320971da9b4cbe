#include "engine/translation/host_task_plan.h"

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

Result<LaunchPlan> plan(const mesos::containerizer::Launch& launch, const std::string& owner,
                        const Environment& environment = {}) {
  return make_host_task_plan(launch, environment, {}, owner);
}

Environment environment_of(const LaunchPlan& plan) {
  Environment result;
  for (const auto& variable : plan.create.at("Env").as_array()) {
    const std::string text(variable.as_string());
    result[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  return result;
}

}  // namespace

TEST_CASE("a host task runs as its sandbox's owner") {
  CHECK(plan(launch_as("alice"), "1000:1001").value().create.at("User") == "1000:1001");
  CHECK(plan(launch_as("root"), "0:0").value().create.at("User") == "0:0");
}

// The owner of a sandbox can change: a fetched archive can contain an entry with another owner.
TEST_CASE("no task becomes root because root owns its sandbox, or because it is gone") {
  CHECK(plan(launch_as("alice"), "0:0").failed_with(Fault::refused));
  CHECK(plan(launch_as("alice"), "0:1000").failed_with(Fault::refused));
  CHECK(plan(launch_as("alice"), "").failed_with(Fault::refused));
  CHECK(plan(launch_as("root"), "").failed_with(Fault::refused));
}

TEST_CASE("no host task runs as root if privileges are refused") {
  Policy policy;
  policy.refuses_privileged = true;
  const auto plan_of = [&](const mesos::containerizer::Launch& launch, const std::string& owner) {
    return make_host_task_plan(launch, {}, policy, owner);
  };
  CHECK(plan_of(launch_as("alice"), "1000:1001").ok());
  CHECK(plan_of(launch_as("root"), "0:0").failed_with(Fault::refused));
  auto without_user = launch_as("alice");
  without_user.clear_user();
  const auto refused = plan_of(without_user, "1000:1001");
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK_THAT(refused.failure().text, Catch::Contains("CONTAINERIZER_PRIVILEGED"));
}

TEST_CASE("a host task does not inherit private variables of the slave and the operator") {
  auto launch = launch_as("alice");
  auto& variable = *launch.mutable_executor_info()->mutable_command()->mutable_environment();
  variable.add_variables()->set_name("PATH");
  const auto found = environment_of(plan(launch, "1000:1000",
                                         {{"PATH", "/bin"},
                                          {"LC_ALL", "C.UTF-8"},
                                          {"LIBPROCESS_IP", "10.0.0.1"},
                                          {"HOME", "/root"},
                                          {"CONTAINERIZER_END_HOOK", "x"},
                                          {"DOCKER_HOST", "x"},
                                          {"AWS_SECRET", "x"},
                                          {"MESOS_CREDENTIAL", "x"}})
                                        .value());
  CHECK(found.at("PATH").empty());
  CHECK(found.at("LC_ALL") == "C.UTF-8");
  CHECK(found.at("LIBPROCESS_IP") == "10.0.0.1");
  CHECK(found.at("HOME") == "/work/runs/c1");
  for (const char* name :
       {"CONTAINERIZER_END_HOOK", "DOCKER_HOST", "AWS_SECRET", "MESOS_CREDENTIAL"}) {
    CHECK(found.count(name) == 0);
  }
}

TEST_CASE("a host task is refused if it asks for what only a container has") {
  using mesos::ContainerInfo;
  const auto refusal_with = [](const std::function<void(mesos::ExecutorInfo&)>& change) {
    auto launch = launch_as("alice");
    change(*launch.mutable_executor_info());
    const auto made = plan(launch, "1000:1000");
    return made.ok() ? "" : made.failure().text;
  };
  using Executor = mesos::ExecutorInfo;
  const auto mesos_container = [](Executor& e) -> ContainerInfo& {
    e.mutable_container()->set_type(ContainerInfo::MESOS);
    return *e.mutable_container();
  };
  CHECK(refusal_with([&](Executor& e) { mesos_container(e); }).empty());
  CHECK_THAT(refusal_with([&](Executor& e) { mesos_container(e).add_volumes(); }),
             Catch::Contains("volumes"));
  CHECK_THAT(refusal_with([&](Executor& e) { mesos_container(e).set_hostname("a"); }),
             Catch::Contains("host name"));
  CHECK_THAT(refusal_with([&](Executor& e) { mesos_container(e).add_network_infos(); }),
             Catch::Contains("network"));
  CHECK_THAT(refusal_with([](Executor& e) {
               e.add_resources()->mutable_disk()->mutable_persistence()->set_id("v");
             }),
             Catch::Contains("persistent volume"));
  CHECK_THAT(refusal_with([](Executor& e) {
               e.mutable_command()->mutable_container()->add_options("--init");
             }),
             Catch::Contains("options"));
}
