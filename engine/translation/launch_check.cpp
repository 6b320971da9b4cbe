#include "engine/translation/launch_check.h"

#include "engine/translation/launch_plan.h"
#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

using mesos::ContainerInfo;

Failure failure(std::string text) { return Failure{Fault::refused, std::move(text)}; }

Status check_message(const mesos::containerizer::Launch& launch) {
  if (!launch.directory().starts_with('/')) {
    return failure("launch: sandbox " + in_quotes(launch.directory()) + " is not an absolute path");
  }
  // Those slaves fail to recognize their own command executor, and send a command task as if it
  // were a custom executor (mesos-protocol 5.1).
  const std::string& command = launch.executor_info().command().value();
  if (kind_of(launch) == TaskKind::custom && command.ends_with("/mesos-executor")) {
    return failure(
        "launch: the slave did not send the task's command. Mesos 0.19.0 to 0.20.0 omits it if "
        "--launcher_dir contains a symbolic link (here " +
        in_quotes(command) +
        "); start the slave with --launcher_dir set to the real path, or use Mesos 0.20.1");
  }
  return Done{};
}

Status check_resources(const google::protobuf::RepeatedPtrField<mesos::Resource>& resources) {
  for (const mesos::Resource& resource : resources) {
    if (resource.name() == "gpus" && resource.scalar().value() > 0) {
      return failure("resource gpus: GPUs are not supported; remove them from the task");
    }
  }
  return Done{};
}

// Docker would split NAME=VALUE at the wrong place.
Status check_variable_names(const mesos::CommandInfo& command) {
  for (const auto& variable : command.environment().variables()) {
    if (variable.name().empty() || variable.name().find('=') != std::string::npos) {
      return failure("environment: " + in_quotes(variable.name()) +
                     " is not a valid name of a variable");
    }
  }
  return Done{};
}

Status check_container(const ContainerInfo& container, const Policy& policy) {
  const bool is_of_mesos = container.type() == ContainerInfo::MESOS;
  if (is_of_mesos && container.has_docker()) {
    return failure(
        "container: DockerInfo is only valid with type DOCKER; this container has type MESOS");
  }
  if (!is_of_mesos && container.mesos().has_image()) {
    return failure(
        "container: MesosInfo is only valid with type MESOS; this container has type DOCKER");
  }
  const auto& credential = container.mesos().image().docker().credential();
  if (credential.principal().empty() && !credential.secret().empty()) {
    return failure("image: its credential has a secret but no principal; name the user");
  }
  if (container.mesos().image().has_appc() && !policy.ignores_image) {
    return failure("image: Docker cannot run an Appc image; name a Docker image");
  }
  return Done{};
}

}  // namespace

Status check_launch(const mesos::containerizer::Launch& launch, const Policy& policy) {
  if (Status good = check_message(launch); !good.ok()) return good;
  Status resources = check_resources(launch.executor_info().resources());
  if (!resources.ok()) return resources;
  if (Status good = check_variable_names(command_of(launch)); !good.ok()) return good;
  for (const auto* each : {&launch.task_info().container(), &launch.executor_info().container()}) {
    if (Status good = check_container(*each, policy); !good.ok()) return good;
  }
  return check_health_check(policy, launch.task_info());
}

}  // namespace containerizer
