// What is mounted into a container. Pure.
#pragma once

#include "engine/translation/launch_plan.h"

namespace containerizer {

struct VolumePlace {
  const mesos::containerizer::Launch& launch;
  const std::string& sandbox;  // where the container sees it
};

// Adds the volumes that the task asks for, and notes the directories of the sandbox that they need.
// refused: one of them cannot be; the text names it.
Status plan_volumes(const VolumePlace& place, const mesos::ContainerInfo& container,
                    const mesos::ContainerInfo::DockerInfo& docker, LaunchPlan& plan);

// Adds the persistent volumes that the slave has allotted to the task; `environment` is the
// launch's. refused: one of them cannot be; the text names it.
Status mount_persistent_volumes(const VolumePlace& place, const Environment& environment,
                                boost::json::object& body);

// Adds the sandbox itself. refused: something else is mounted there.
Status mount_sandbox(const VolumePlace& place, boost::json::object& body);

}  // namespace containerizer
