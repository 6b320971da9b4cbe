// The flags of mesos-executor, as its release knows them.
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
  std::vector<std::string> values;  // What is no flag, in order.
};

// Nothing, with the reason in `error`, when there is a flag that the release does not know.
std::optional<CommandLine> parse_command_line(const std::vector<std::string>& arguments,
                                              Release release, std::string& error);

std::string usage(Release release);

}  // namespace containerizer::player
