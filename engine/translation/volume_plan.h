// Plans the mounts of a container. Pure.
#pragma once

#include "engine/translation/launch_plan.h"

namespace containerizer {

struct VolumePlace {
  const mesos::containerizer::Launch& launch;
  const std::string& sandbox;  // its path in the container
};

// Adds the volumes in the task's ContainerInfo, and the directories that they need in the sandbox
// (LaunchPlan.sandbox_paths). refused: a volume cannot be mounted; the text names it.
Status plan_volumes(const VolumePlace& place, const mesos::ContainerInfo& container,
                    const mesos::ContainerInfo::DockerInfo& docker, LaunchPlan& plan);

// Adds the persistent volumes among the task's resources, also at the paths of the volumes in
// `container` whose host path is the place of one in the sandbox; plan_volumes() leaves those out.
// `environment` is the launch's. refused: a volume cannot be mounted; the text names it.
Status mount_persistent_volumes(const VolumePlace& place, const mesos::ContainerInfo& container,
                                const Environment& environment, boost::json::object& body);

// Adds the sandbox itself. REQUIRES: all other mounts are in `body`. refused: one of them has the
// sandbox's path.
Status mount_sandbox(const VolumePlace& place, boost::json::object& body);

}  // namespace containerizer
