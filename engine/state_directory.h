// The directory in which one slave instance's state is kept.
#pragma once

#include <string>

#include "engine/host/result.h"

namespace containerizer {

// Makes it, and run/ in it, readable by the owner alone. refused: it cannot be made, is not ours,
// or others may read or change it.
Status prepare_state_directory(const std::string& directory);

}  // namespace containerizer
