#include "engine/translation/launch_flags.h"

namespace containerizer {
namespace {

using DockerInfo = mesos::ContainerInfo::DockerInfo;

// DockerInfo.parameters first, then the options of CommandInfo.ContainerInfo.
Result<RunOptions> read_flags(const mesos::containerizer::Launch& launch, const DockerInfo& docker,
                              const TaskImage& image) {
  Result<RunOptions> parameters = parse_parameters(docker.parameters());
  if (!parameters.ok()) return parameters;
  const auto& task = launch.task_info().command();
  const auto& legacy =
      task.has_container() ? task.container() : launch.executor_info().command().container();
  // The options belong to the image beside them, which is not the chosen one.
  if (image.container != nullptr && !legacy.options().empty()) {
    return Failure{
        Fault::refused,
        "options: the image comes from a ContainerInfo (of the task, its executor or the slave's "
        "default), so CommandInfo.ContainerInfo.options do not apply; name the image in the task's "
        "own ContainerInfo, and put the options into its DockerInfo.parameters"};
  }
  Result<RunOptions> options = parse_run_options(legacy.options());
  if (!options.ok()) return options;
  std::vector<RunFlag>& flags = options.value().flags;
  flags.insert(flags.begin(), parameters.value().flags.begin(), parameters.value().flags.end());
  return options;
}

}  // namespace

std::vector<RunFlag> LaunchFlags::all() const {
  auto flags = of_task.flags;
  flags.insert(flags.end(), of_operator.begin(), of_operator.end());
  return flags;
}

Result<LaunchFlags> collect_flags(const mesos::containerizer::Launch& launch,
                                  const DockerInfo& docker, const TaskImage& image,
                                  const Policy& policy) {
  LaunchFlags collected;
  if (!policy.ignores_options) {
    Result<RunOptions> read = read_flags(launch, docker, image);
    if (!read.ok()) return read.failure();
    collected.of_task = std::move(read.value());
  }
  std::vector<RunFlag>& flags = collected.of_task.flags;
  if (flags.empty() && !collected.of_task.command) collected.of_operator = policy.default_options;
  collected.of_operator.insert(collected.of_operator.end(), policy.append_options.begin(),
                               policy.append_options.end());
  if (docker.privileged()) flags.insert(flags.begin(), {"privileged", "true"});
  if (const Status allowed = check_flags(policy, flags); !allowed.ok()) return allowed.failure();
  // A container can have only one network: the operator's replaces the task's.
  if (has_flag(collected.of_operator, "network")) {
    std::erase_if(flags, [](const RunFlag& flag) { return flag.name == "network"; });
  }
  return collected;
}

}  // namespace containerizer
