// The flags of mesos-executor in its release.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/slave/version.h"

namespace containerizer::player {

struct CommandLine {
  bool help = false;
  bool override_command = false;
  std::string task_command;         // JSON of a CommandInfo; empty: not given.
  std::vector<std::string> values;  // Arguments that are not flags, in order.
};

// Empty, with the reason in `error`, if the release does not know a flag.
std::optional<CommandLine> parse_command_line(const std::vector<std::string>& arguments,
                                              Release release, std::string& error);

std::string usage(Release release);

}  // namespace containerizer::player
