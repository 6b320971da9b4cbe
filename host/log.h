// The program's log. It goes to standard error, which the slave appends to the sandbox's `stderr`,
// and to a file or syslog if the operator sets one. Verbs without a sandbox appear only there.
// host/log.cpp is the only file that includes spdlog.
//
// A line never contains the value of an environment variable of a task. One thread.
#pragma once

#include <string>

#include "host/format.h"
#include "host/result.h"

namespace containerizer::log {

enum class Level { debug, info, warn, error };

// Starts logging, or changes the destination. `who` ("launch 6a78…") appears in every line.
// `destination` is "" (only standard error), "syslog", "journald", or the path of a file, to which
// lines are appended. refused: the file cannot be opened; standard error works nevertheless.
// A file that is renamed or removed later is made again. Its directory must exist.
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

// Writes a line to `destination` only: it is for the operator, and the sandbox is the task's.
void write_for_operator(Level level, const std::string& line);

template <class... Args>
void note(fmt::format_string<Args...> format, Args&&... args) {
  write_for_operator(Level::info, formatted(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (wants(Level::debug)) write(Level::debug, formatted(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, formatted(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, formatted(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, formatted(format, std::forward<Args>(args)...));
}

}  // namespace containerizer::log
