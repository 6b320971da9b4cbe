// In which network a container is, and with which addresses. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "engine/translation/run_flags/run_flags.h"
#include "host/result.h"

namespace containerizer {

// The network's name: by the operator's flags, the task's, then its ContainerInfo; "host" unless
// asked otherwise. A container of type MESOS is in the network that its network_infos name, as one
// of type DOCKER with the network USER is. refused: what is asked for cannot be had; the text says
// what.
Result<std::string> choose_network(const mesos::ContainerInfo& container,
                                   const std::vector<RunFlag>& operators,
                                   const std::vector<RunFlag>& tasks);

// Whether the container gets a network of its own, from which ports can be published.
bool is_separate(const std::string& network);

// Sets the addresses that network_infos ask for. refused: they cannot be had in `network`, or
// something is asked for that no network of Docker's has.
Status plan_addresses(const mesos::ContainerInfo& container, const std::string& network,
                      boost::json::object& body);

}  // namespace containerizer
