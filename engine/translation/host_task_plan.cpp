#include "engine/translation/host_task_plan.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <string_view>

#include "engine/translation/executor_command.h"
#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

namespace json = boost::json;

// `what`: the part of the request that a task without an image cannot have.
Failure failure(const std::string& what) {
  return {Fault::refused, what + ", which only a task with an image can have; name an image"};
}

Status check_container(const mesos::ContainerInfo& container) {
  if (container.type() == mesos::ContainerInfo::DOCKER) {
    return Failure{Fault::refused, "the task asks for a Docker container, but names no image"};
  }
  if (!container.volumes().empty()) return failure("the task asks for volumes");
  if (!container.hostname().empty()) return failure("the task asks for a host name");
  if (!container.network_infos().empty()) return failure("the task asks for a network");
  return Done{};
}

Status check_needs_no_container(const mesos::containerizer::Launch& launch) {
  for (const auto* part : {&launch.task_info().command(), &launch.executor_info().command()}) {
    if (!part->container().options().empty()) return failure("the task has options for docker run");
  }
  for (const auto& resource : launch.executor_info().resources()) {
    if (resource.disk().has_persistence()) return failure("the task has a persistent volume");
  }
  if (launch.task_info().has_container()) {
    return check_container(launch.task_info().container());
  }
  if (launch.executor_info().has_container()) {
    return check_container(launch.executor_info().container());
  }
  return Done{};
}

// Whether a variable of the slave's environment is passed to a task. The others may contain secrets
// of the slave or of the operator.
bool is_for_tasks(std::string_view name) {
  static constexpr std::string_view names[] = {"HADOOP_HOME",     "JAVA_HOME", "LANG", "LANGUAGE",
                                               "LD_LIBRARY_PATH", "PATH",      "TZ"};
  static constexpr std::string_view prefixes[] = {"LC_", "LIBPROCESS_", "MESOS_", "SSL_"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names) ||
         std::any_of(std::begin(prefixes), std::end(prefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// emplace() and merge() keep a variable that is already there, so the strongest source comes first.
Environment host_task_environment(const mesos::containerizer::Launch& launch,
                                  const Environment& environment) {
  auto result = executor_variables(launch, environment, launch.directory());
  result["MESOS_SANDBOX"] = launch.directory();
  result["MESOS_CONTAINER_NAME"] = container_name(launch.container_id().value());
  // From 0.23 on, the slave passes its own port. An executor that bound that port would fail
  // (mesos-protocol 1.4).
  result["LIBPROCESS_PORT"] = "0";
  for (const auto& variable : command_of(launch).environment().variables()) {
    result.emplace(variable.name(), variable.value());
  }
  result.emplace("HOME", launch.directory());
  auto of_slave = without_slave_settings(environment);
  std::erase_if(of_slave, [](const auto& variable) { return !is_for_tasks(variable.first); });
  result.merge(of_slave);
  return result;
}

Status plan_command(const mesos::CommandInfo& command, json::object& body) {
  json::array arguments;
  if (command.value().empty()) return Failure{Fault::refused, "the task names no command"};
  if (command.shell()) {
    arguments = {"/bin/sh", "-c", json::value(command.value())};
  } else {
    body["File"] = command.value();
    for (const auto& argument : command.arguments()) arguments.emplace_back(argument);
    if (arguments.empty()) arguments.emplace_back(command.value());
  }
  body["Cmd"] = std::move(arguments);
  return Done{};
}

// Makes the task run as the sandbox's owner: the slave has given the sandbox to the task's user. A
// sandbox can have another owner by now, because the owner in an archive is kept when a task's URI
// is extracted. A task must not become root that way.
Status plan_user(const mesos::containerizer::Launch& launch, const Policy& policy,
                 const std::string& owner, json::object& body) {
  if (policy.refuses_privileged && (!launch.has_user() || owner.starts_with("0:"))) {
    return Failure{Fault::refused,
                   "the task would run on the host as root or as the slave's user, which "
                   "CONTAINERIZER_PRIVILEGED forbids; ask the operator"};
  }
  if (policy.refuses_privileged) body["NoNewPrivileges"] = true;
  if (!launch.has_user()) return Done{};
  if (owner.empty() || (owner.starts_with("0:") && launch.user() != "root")) {
    return Failure{Fault::refused,
                   "the sandbox is missing, or is owned by root instead of the task's user " +
                       in_quotes(launch.user())};
  }
  body["User"] = owner;
  return Done{};
}

}  // namespace

Result<LaunchPlan> make_host_task_plan(const mesos::containerizer::Launch& launch,
                                       const Environment& environment, const Policy& policy,
                                       const std::string& owner) {
  if (const Status good = check_needs_no_container(launch); !good.ok()) return good.failure();
  LaunchPlan plan = begin_plan(launch);
  json::object& body = plan.create;
  body["Image"] = "";
  if (const Status good = plan_command(command_of(launch), body); !good.ok()) return good.failure();
  json::array variables;
  for (const auto& variable : as_strings(host_task_environment(launch, environment))) {
    variables.emplace_back(variable);
  }
  body["Env"] = std::move(variables);
  body["WorkingDir"] = launch.directory();
  if (const Status good = plan_user(launch, policy, owner, body); !good.ok()) return good.failure();
  return plan;
}

}  // namespace containerizer
