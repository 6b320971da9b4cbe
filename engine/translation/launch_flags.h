// Collects the `docker run` flags of a launch: those of the task and those of the operator. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "containerizer.pb.h"
#include "engine/translation/policy.h"
#include "engine/translation/run_flags/flag_parser.h"
#include "engine/translation/task_image.h"
#include "host/result.h"

namespace containerizer {

struct LaunchFlags {
  RunOptions of_task;
  std::vector<RunFlag> of_operator;  // applied after those of the task

  bool has(std::string_view name) const {
    return has_flag(of_task.flags, name) || has_flag(of_operator, name);
  }
  std::vector<RunFlag> all() const;
};

// Collects the flags of a launch. `docker` is its DockerInfo, whose `privileged` is treated as a
// flag. refused: a flag is malformed, or the operator's policy forbids it.
Result<LaunchFlags> collect_flags(const mesos::containerizer::Launch& launch,
                                  const mesos::ContainerInfo::DockerInfo& docker,
                                  const TaskImage& image, const Policy& policy);

}  // namespace containerizer
