// Publishes a container's ports on the host. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "containerizer.pb.h"
#include "engine/translation/launch_flags.h"
#include "engine/translation/resources.h"
#include "host/result.h"

namespace containerizer {

// Publishes the ports of the DockerInfo's port mappings. Without a DockerInfo and without
// --publish, publishes every allocated port under its own number, unless the container shares the
// host's network. refused: a mapping is malformed, its host port is not allocated to the task, or
// the network does not publish ports.
Status plan_ports(const mesos::ContainerInfo& container, const std::string& network,
                  const Resources& resources, const LaunchFlags& flags, boost::json::object& body);

}  // namespace containerizer
