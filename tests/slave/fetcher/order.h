// The order for mesos-fetcher from its environment, in the dialect of its release.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/slave/version.h"

namespace containerizer::player {

struct Item {
  std::string uri;
  bool executable = false;
  bool extract = true;
  std::string output_file;  // Empty: the last part of the URI.
};

struct FetchOrder {
  std::filesystem::path directory;
  std::vector<Item> items;
  std::string user;             // Empty: the current user.
  std::string frameworks_home;  // Empty: relative paths are refused.
};

// Throws std::exception if a mandatory part is missing or malformed. The real program aborts then.
FetchOrder read_order(Release release);

}  // namespace containerizer::player
