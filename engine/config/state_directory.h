// The directory that contains the state of one slave instance. A process that can write to it, or
// replace it, could make this program run anything as the slave's user. So every use checks owners
// and modes first.
#pragma once

#include <string>

#include "host/result.h"

namespace containerizer {

// Creates the directory, its missing parents and its run/ as needed, readable by the owner only,
// and then checks everything as check_state_directory() does. refused: something cannot be created,
// or a check failed.
Status prepare_state_directory(const std::string& directory);

// Checks an existing directory and creates nothing. Success if the directory does not exist.
// refused: the directory, or a file in it, is not owned by our user, is accessible to other users,
// or is a link; or another user can replace one of its parents. The text names the path and the
// remedy.
Status check_state_directory(const std::string& directory);

// One line for a person who is neither root nor the user that the directory belongs to: use sudo.
// "" for everyone else, and if the directory does not exist.
std::string advice_to_other_user(const std::string& directory);

}  // namespace containerizer
