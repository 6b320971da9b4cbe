// Fetching one URI into a directory.
#pragma once

#include <string>

#include "tests/slave/fetcher/order.h"

namespace containerizer::player {

// Copies, makes executable, unpacks, as the item asks. Empty on success, else one line that names
// the URI and says why. Only what lies on this host can be fetched.
std::string fetch(const Item& item, const FetchOrder& order, Release release);

// Runs a program without a shell; true when it exits with 0.
bool run(const std::vector<std::string>& words);

}  // namespace containerizer::player
