// What is on record of a container's life, held against the lifecycle.
#pragma once

#include <string>
#include <vector>

#include "store/store.h"

namespace containerizer::simulation {

// Why the history of a container is no walk through the lifecycle's table to the state in its row;
// empty when it is one.
std::vector<std::string> problems_of_walk(store::Store& store, const store::Container& row);

}  // namespace containerizer::simulation
