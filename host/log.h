// The program's log. It goes to standard error, which the slave appends to the sandbox's `stderr`,
// and to a file or syslog if the operator sets one. Verbs without a sandbox appear only there.
// host/log.cpp is the only file that includes spdlog.
//
// A line never contains the value of an environment variable of a task. One thread.
#pragma once

#include <fmt/core.h>

#include <string>

#include "host/result.h"

namespace containerizer::log {

enum class Level { debug, info, warn, error };

// Starts logging, or changes the destination. `who` ("launch 6a78…") appears in every line.
// `destination` is "" (only standard error), "syslog", or the path of a file, to which lines are
// appended. refused: the file cannot be opened; standard error works nevertheless.
// The file is made for its owner alone. refused, too: another user owns it, or a link to it, or has
// given it a second name.
Status start(const std::string& who, Level level, const std::string& destination);

// Starts logging to standard error only, for a program that has not read its settings yet. Cannot
// fail.
void start_on_stderr(const std::string& who);

// Writes one line, with control characters replaced. Does nothing before start(), or below the
// level. Never blocks on standard error: a line for a full pipe is dropped.
void write(Level level, const std::string& line);
// Returns whether write() would write a line of this level.
bool wants(Level level);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (wants(Level::debug)) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace containerizer::log
