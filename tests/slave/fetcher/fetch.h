// Fetching one URI into a directory.
#pragma once

#include <string>

#include "tests/slave/fetcher/order.h"

namespace containerizer::player {

// Copies the file, and makes it executable or unpacks it, as the item requires. Returns "" on
// success, otherwise one line with the URI and the reason. It can only fetch files of this host.
std::string fetch(const Item& item, const FetchOrder& order, Release release);

// Runs a program without a shell. Returns whether it exits with 0.
bool run(const std::vector<std::string>& words);

}  // namespace containerizer::player
