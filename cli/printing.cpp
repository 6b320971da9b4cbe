#include "cli/printing.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstring>
#include <ctime>

#include "engine/translation/launch_plan.h"
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

Result<store::Container> find_container(Invocation& invocation, const std::string& name) {
  const auto prefix = container_name("");
  const bool is_docker_name = name.rfind(prefix, 0) == 0;
  const auto found = invocation.store.matching(is_docker_name ? name.substr(prefix.size()) : name);
  if (found.empty()) {
    return Failure{
        Fault::not_found,
        fmt::format("container \"{}\" is unknown; `docker-containerizer ps --all` lists all",
                    printable(name))};
  }
  if (found.size() == 1) return found.front();
  constexpr std::size_t most_named = 5;
  std::string ids;
  for (std::size_t i = 0; i < std::min(found.size(), most_named); ++i) {
    ids += (i == 0 ? "" : ", ") + found[i].container_id;
  }
  if (found.size() > most_named) ids += ", …";
  return Failure{Fault::conflict,
                 fmt::format("\"{}\" matches {} containers: {}; give one of these IDs",
                             printable(name), found.size(), ids)};
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

std::string describe(const store::Termination& termination) {
  // Every message states how the container ended, except that of a failed action: it starts with
  // the name of the action, such as "pull: ".
  return printable((termination.kind == "failed" ? "failed: " : "") + termination.message);
}

std::string short_form(const store::Termination& termination) {
  if (termination.kind == "failed")
    return printable(termination.step.value_or("launch")) + " failed";
  if (termination.kind == "exited")
    return fmt::format("exit {}", termination.exit_code.value_or(0));
  if (termination.kind != "signalled") return termination.kind;
  const auto signal = termination.signal.value_or(0);
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

bool is_failure(const store::Termination& termination) {
  if (termination.kind == "exited") return termination.exit_code != 0;
  return termination.kind != "destroyed";
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
