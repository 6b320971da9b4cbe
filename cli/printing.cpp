#include "cli/printing.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <ctime>

#include "host/file.h"
#include "host/text.h"

namespace containerizer {
namespace {

boost::json::value to_json(const std::optional<std::int64_t>& number) {
  if (!number) return nullptr;
  return *number;
}

boost::json::value pid_of(const std::optional<ProcessId>& process) {
  if (!process) return nullptr;
  return process->pid;
}

// Text from a task can contain control characters, which must not reach the operator's terminal.
std::string printable(const std::string& text) { return one_line(text, text.size()); }

}  // namespace

bool take_option(std::vector<std::string>& arguments, const std::string& name) {
  return std::erase(arguments, name) > 0;
}

std::optional<std::string> take_value(std::vector<std::string>& arguments,
                                      const std::string& name) {
  const auto prefix = name + "=";
  const auto found = std::find_if(arguments.begin(), arguments.end(), [&](const auto& argument) {
    return argument.rfind(prefix, 0) == 0;
  });
  if (found == arguments.end()) return std::nullopt;
  auto value = found->substr(prefix.size());
  arguments.erase(found);
  return value;
}

std::string local_time(std::int64_t wall) {
  const auto seconds = static_cast<std::time_t>(wall / 1000);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return fmt::format("{}.{:03}", text, wall % 1000);
}

std::string how_long(std::int64_t milliseconds) {
  const auto seconds = static_cast<double>(std::max<std::int64_t>(milliseconds, 0)) / 1000;
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  if (seconds < 3600) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} d", seconds / 86400);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("{:<{}}  ", printable(row[i]), widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

int print(const Invocation& invocation, const std::string& text) {
  auto lines = safe_lines(text);
  if (!lines.ends_with('\n')) lines += '\n';
  return write_all(invocation.output, lines) ? exit_ok : exit_failed;
}

int print(const Invocation& invocation, const boost::json::value& value) {
  return print(invocation, safe_json(boost::json::serialize(value)));
}

int refuse_arguments(const std::vector<std::string>& arguments) {
  return fail(fmt::format("unknown argument \"{}\"; see --help", arguments[0]), exit_usage);
}

std::string describe(const store::Termination& termination) {
  // Every message states how the container ended, except that of a failed action: it starts with
  // the name of the action, such as "pull: ".
  return printable((termination.kind == "failed" ? "failed: " : "") + termination.message);
}

boost::json::value to_json(const std::optional<std::string>& text) {
  if (!text) return nullptr;
  return boost::json::value(*text);
}

boost::json::object to_json(const store::HistoryEntry& entry) {
  return {{"sequence", entry.sequence},
          {"container_id", entry.container_id},
          {"from", to_json(entry.from_state)},
          {"event", entry.event},
          {"to", entry.to_state},
          {"at", entry.at.wall},
          {"monotonic", entry.at.monotonic},
          {"actor", entry.actor},
          {"detail", entry.detail}};
}

boost::json::object to_json(const store::Container& c) {
  return {{"container_id", c.container_id},
          {"state", c.state},
          {"since", c.since.wall},
          {"kind", c.kind},
          {"image", to_json(c.image)},
          {"slave_id", c.slave_id},
          {"framework_id", c.framework_id},
          {"executor_id", c.executor_id},
          {"task_id", to_json(c.task_id)},
          {"task_name", to_json(c.task_name)},
          {"user", to_json(c.user)},
          {"directory", c.directory},
          {"docker_id", to_json(c.docker_id)},
          {"pid", pid_of(c.init)},
          {"executor_pid", pid_of(c.executor)},
          {"boot_id", c.boot_id},
          {"created", c.created_at},
          {"delivered", to_json(c.delivered_at)}};
}

boost::json::object to_json(const store::Termination& termination) {
  const auto number = [](const std::optional<int>& value) -> boost::json::value {
    if (!value) return nullptr;
    return *value;
  };
  return {{"kind", termination.kind},
          {"step", to_json(termination.step)},
          {"exit_code", number(termination.exit_code)},
          {"signal", number(termination.signal)},
          {"message", termination.message},
          {"recorded", termination.recorded_at}};
}

}  // namespace containerizer
