// The directory in which one slave instance's state is kept. Whoever can write there, or put
// another in its place, could have us run anything.
#pragma once

#include <string>

#include "host/result.h"

namespace containerizer {

// Makes it, and run/ in it, readable by the owner alone. refused: it cannot be made, is not ours,
// or others may read or change it, or the files in it (links and second names count as that), or
// a directory above it.
Status prepare_state_directory(const std::string& directory);

// The same of one that there is; makes nothing. Success where there is none.
Status check_state_directory(const std::string& directory);

}  // namespace containerizer
