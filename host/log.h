// The program's log: to standard error, which the slave appends to the sandbox's `stderr`, and to a
// file or syslog, which is the only trace of verbs without a sandbox. Backed by spdlog, which is
// included nowhere else.
//
// A line never holds the value of an environment variable of a task.
#pragma once

#include <fmt/core.h>

#include <string>

#include "host/result.h"

namespace containerizer::log {

enum class Level { debug, info, warn, error };

// Begins logging. `who` ("launch 6a78…") stands in every line; `destination` is "" for standard
// error alone, "syslog", or the path of a file that is appended to.
// The file is made for its owner alone. refused: it cannot be opened, or another user owns it, or a
// link to it, or has given it a second name; standard error works all the same.
Status start(const std::string& who, Level level, const std::string& destination);

// The same for a program that is not configured yet: to standard error alone. Cannot fail.
void start_on_stderr(const std::string& who);

void write(Level level, const std::string& line);
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
