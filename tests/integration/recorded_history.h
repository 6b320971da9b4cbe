// What is on record of a container's life.
#pragma once

#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// It is a walk through the lifecycle's table. REQUIRES: the container was launched.
void check_history(const WorkDirectory& place, const std::string& container_id);

}  // namespace containerizer::integration
