// Chooses a container's network and its addresses there. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "engine/translation/run_flags/flag_parser.h"
#include "host/result.h"

namespace containerizer {

// Returns the network's name. The first of these determines it: the operator's flags, the task's
// flags, its ContainerInfo, the default. A DockerInfo has a default of its own, the host's network.
// For a container of type MESOS, and for one of type DOCKER with the network USER, network_infos
// name the network. refused: Docker cannot do what the ContainerInfo requests.
Result<std::string> choose_network(const mesos::ContainerInfo& container,
                                   const std::vector<RunFlag>& operators,
                                   const std::vector<RunFlag>& tasks,
                                   const std::string& default_network = "host");

// Whether a container in `network` can publish ports. It cannot if it shares the network of the
// host or of another container, or if it has none.
bool is_separate(const std::string& network);

// Sets the addresses in network_infos. refused: `network` does not support a requested address, or
// Docker's networks do not support another request in network_infos.
Status plan_addresses(const mesos::ContainerInfo& container, const std::string& network,
                      boost::json::object& body);

}  // namespace containerizer
