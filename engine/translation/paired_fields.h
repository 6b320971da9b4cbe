// Fields of the create request that belong together, and that two sources may have half-written:
// the messages, the task's flags, the operator's flags. Pure.
#pragma once

#include "containerizer.pb.h"
#include "engine/translation/launch_flags.h"
#include "engine/translation/launch_plan.h"

namespace containerizer {

struct PairSources {
  const mesos::CommandInfo& command;
  const LaunchFlags& flags;
  bool has_docker_info;  // the task's flags are parameters of a DockerInfo
};

// Makes each pair consistent. REQUIRES: the messages and all flags have been applied.
//
// - Entrypoint and Cmd. The operator's --entrypoint runs the task's shell, and so does an option of
//   the older dialect. The shell replaces a parameter of a DockerInfo, as in the native Docker
//   containerizer; a note says so.
// - CpuQuota, CpuPeriod and NanoCpus, Memory and MemorySwap. What the operator's flags set removes
//   what the task's flags have set for the same limit in another way.
//   A limit of memory and swap together lowers the memory that the slave has allotted.
// - Healthcheck. Without a check, its other fields are removed.
// - PortBindings and NetworkMode. A note says which network publishes no ports.
//
// refused: a flag's limit of memory and swap is below a flag's limit of memory alone.
Status settle_pairs(const PairSources& sources, LaunchPlan& plan);

}  // namespace containerizer
