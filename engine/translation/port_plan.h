// Publishes a container's ports on the host. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "engine/translation/launch_flags.h"
#include "engine/translation/launch_plan.h"
#include "engine/translation/resources.h"
#include "host/result.h"

namespace containerizer {

// Publishes the ports of the DockerInfo's port mappings. Without a DockerInfo and without
// --publish, publishes every allocated port under its own number, unless the container shares the
// host's network; pair_ports() must then follow. refused: a mapping is malformed, its host port is
// not allocated to the task, or the network does not publish ports.
Status plan_ports(const mesos::ContainerInfo& container, const std::string& network,
                  const Resources& resources, const LaunchFlags& flags, LaunchPlan& plan);

// Leads the allocated ports to those that the image declares (their protocols, by number): the
// lowest to the lowest, and so on. A number takes one allocated port for all its protocols.
// A further allocated port leads to the container's port of the same number. Returns the numbers
// of the declared ports for which none is left. REQUIRES: plan.pairs_ports.
std::vector<std::uint32_t> pair_ports(
    const std::map<std::uint32_t, std::vector<std::string>>& declared, const Resources& resources,
    boost::json::object& body);

}  // namespace containerizer
