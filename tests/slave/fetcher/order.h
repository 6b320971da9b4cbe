// What mesos-fetcher was told to do, from the environment, in the dialect of its release.
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
  std::string output_file;  // Empty: the URI's own last part.
};

struct FetchOrder {
  std::filesystem::path directory;
  std::vector<Item> items;
  std::string user;             // Empty: nobody in particular.
  std::string frameworks_home;  // Empty: relative paths are refused.
};

// Throws std::exception when something mandatory is missing or malformed: the real program aborts.
FetchOrder read_order(Release release);

}  // namespace containerizer::player
