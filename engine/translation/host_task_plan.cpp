#include "engine/translation/host_task_plan.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <string_view>

#include "engine/translation/executor_command.h"
#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

namespace json = boost::json;

Failure failure(const std::string& what) {
  return {Fault::refused, what + "; name an image, for a process of the host has no such thing"};
}

Status check_container(const mesos::ContainerInfo& container) {
  if (container.type() == mesos::ContainerInfo::DOCKER) {
    return failure("the task wants a Docker container without an image");
  }
  if (!container.volumes().empty()) return failure("the task wants volumes");
  if (!container.hostname().empty()) return failure("the task wants a host name");
  if (!container.network_infos().empty()) return failure("the task wants a network");
  return Done{};
}

Status check_needs_no_container(const mesos::containerizer::Launch& launch) {
  for (const auto* part : {&launch.task_info().command(), &launch.executor_info().command()}) {
    if (!part->container().options().empty()) return failure("the task has options of docker run");
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

// Of what the slave gave; the rest can hold secrets of the slave's and of the operator's.
bool is_for_tasks(std::string_view name) {
  static constexpr std::string_view flag_names[] = {
      "HADOOP_HOME", "JAVA_HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PATH", "TZ"};
  static constexpr std::string_view beginnings[] = {"LC_", "LIBPROCESS_", "MESOS_", "SSL_"};
  return std::find(std::begin(flag_names), std::end(flag_names), name) != std::end(flag_names) ||
         std::any_of(std::begin(beginnings), std::end(beginnings),
                     [&](std::string_view beginning) { return name.starts_with(beginning); });
}

Environment host_task_environment(const mesos::containerizer::Launch& launch,
                                  const Environment& environment) {
  auto result = executor_variables(launch, environment, launch.directory());
  result["MESOS_SANDBOX"] = launch.directory();
  result["MESOS_CONTAINER_NAME"] = container_name(launch.container_id().value());
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

Status plan_words(const mesos::CommandInfo& command, json::object& body) {
  json::array words;
  if (command.value().empty()) return failure("the task names no command");
  if (command.shell()) {
    words = {"/bin/sh", "-c", json::value(command.value())};
  } else {
    body["File"] = command.value();
    for (const auto& word : command.arguments()) words.emplace_back(word);
    if (words.empty()) words.emplace_back(command.value());
  }
  body["Cmd"] = std::move(words);
  return Done{};
}

// Whom it runs as: the sandbox's owner, as the slave has made it. The sandbox may have been in
// others' hands since (an archive can hold an owner of its own), and nobody is to become root by
// that.
Status plan_user(const mesos::containerizer::Launch& launch, const Policy& policy,
                 const std::string& owner, json::object& body) {
  if (policy.refuses_privileged && (!launch.has_user() || owner.starts_with("0:"))) {
    return Failure{Fault::refused,
                   "the task would run on the host as the slave's user or root: refused by "
                   "CONTAINERIZER_PRIVILEGED; ask the operator"};
  }
  if (policy.refuses_privileged) body["NoNewPrivileges"] = true;
  if (!launch.has_user()) return Done{};
  if (owner.empty() || (owner.starts_with("0:") && launch.user() != "root")) {
    return Failure{Fault::refused,
                   "the sandbox is gone, or belongs to root, and not to the task's "
                   "user " +
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
  if (const Status good = plan_words(command_of(launch), body); !good.ok()) return good.failure();
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
