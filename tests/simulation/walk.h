// Checks a container's recorded history against the lifecycle.
#pragma once

#include <string>
#include <vector>

#include "store/store.h"

namespace containerizer::simulation {

// Returns the problems of a container's history: it must be a walk through the lifecycle table to
// the state in its row.
std::vector<std::string> problems_of_walk(store::Store& store, const store::Container& row);

}  // namespace containerizer::simulation
