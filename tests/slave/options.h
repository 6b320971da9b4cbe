// The player's command line.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/slave/version.h"
#include "tests/slave/words.h"

namespace containerizer::player {

struct Options {
  std::string containerizer_path;
  std::filesystem::path work_dir;
  std::filesystem::path launcher_dir;
  Version mesos{1, 0, 4};
  std::optional<std::string> default_container_image;
  unsigned short port = 0;  // 0: any free port.
  std::string user;         // Empty: as with --no-switch_user.
  bool checkpoint = true;
  bool cleanup = false;
  unsigned threads = 0;
  std::chrono::seconds registration_timeout{60};
  std::chrono::seconds shutdown_grace{5};
  std::chrono::seconds monitoring_interval{1};  // 0: never.
  std::vector<KeyValue> environment;
  std::optional<std::filesystem::path> scenario;
};

// Prints a message to stderr and returns nothing if the arguments are invalid.
std::optional<Options> parse_options(int count, char** arguments);

}  // namespace containerizer::player
