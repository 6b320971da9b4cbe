// Where the operator restricts volumes, the daemon mounts exactly what was checked.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>

#include "engine/container/services.h"
#include "engine/translation/launch_plan.h"

namespace containerizer {

// Checks the paths of the host that the task has chosen, and gives them names that no task can
// change (host/mount_pins.h). They last until unguard_mounts(): from before the container is
// created until it has started. refused: a path leads out of what the operator allows.
Result<std::map<std::string, std::string>> guard_mounts(const Services& services,
                                                        const std::string& container_id,
                                                        const LaunchPlan& plan);

void unguard_mounts(const Services& services, const std::string& container_id);

// The request with those names in the place of the paths.
boost::json::object with_guarded_mounts(boost::json::object create,
                                        const std::map<std::string, std::string>& names);

}  // namespace containerizer
