// Checks on the recorded history of a container.
#pragma once

#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// Checks that each entry is a transition of the lifecycle table, and that each starts where the one
// before it ended. REQUIRES: the container was launched.
void check_history(const WorkDirectory& place, const std::string& container_id);

}  // namespace containerizer::integration
