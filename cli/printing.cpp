#include "cli/printing.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>

#include "engine/lifecycle/lifecycle.h"
#include "engine/translation/launch_plan.h"
#include "host/file.h"
#include "host/format.h"
#include "host/json.h"
#include "host/text.h"
#include "host/times.h"

namespace containerizer {
namespace {

template <class T>
boost::json::value number(const std::optional<T>& value) {
  if (!value) return nullptr;
  return *value;
}

// mesos-executor ends after its container, and its PID may then be that of another process.
std::optional<pid_t> living_executor(const store::Container& container) {
  if (!container.executor || container.state == name_of(State::gone)) return std::nullopt;
  const bool lives = identify(container.executor->pid) == container.executor;
  return lives ? std::optional(container.executor->pid) : std::nullopt;
}

// Null if the supervisor that was recorded last does not exist any more.
boost::json::value supervisor_of(const store::Record& record) {
  const auto& supervisor = record.supervisor;
  const bool is_over = record.container.state == name_of(State::gone);
  if (is_over || !supervisor || supervisor->boot_id != boot_id() ||
      identify(supervisor->process.pid) != supervisor->process) {
    return nullptr;
  }
  return {{"pid", supervisor->process.pid}, {"since", utc_time(supervisor->since)}};
}

boost::json::object as_json(const store::Termination& termination) {
  return {{"ending", termination.ending},
          {"kind", termination.kind},
          {"step", to_json(termination.step)},
          {"exit_code", number(termination.exit_code)},
          {"signal", number(termination.signal)},
          {"ended_by", to_json(termination.ended_by)},
          {"message", termination.message},
          {"peak_memory", to_json(termination.peak_memory)},
          {"recorded", utc_time(termination.recorded_at)}};
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
        formatted("container \"{}\" is unknown; `docker-containerizer ps --all` lists all",
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
                 formatted("\"{}\" matches {} containers: {}; give one of these IDs",
                           printable(name), found.size(), ids)};
}

Result<store::Record> find_record(Invocation& invocation, const std::string& name) {
  const auto container = find_container(invocation, name);
  if (!container.ok()) return container.failure();
  store::Selection selection;
  selection.scope = store::Selection::Scope::all;
  selection.container_id = container.value().container_id;
  auto records = invocation.store.records(selection);
  if (records.empty()) {
    return Failure{Fault::not_found, "container " + selection.container_id + " was just deleted"};
  }
  return std::move(records.front());
}

int print_safe(const Invocation& invocation, const std::string& text) {
  const bool written = write_all(invocation.output, text.ends_with('\n') ? text : text + "\n");
  return written ? exit_ok : output_failed();
}

int output_failed() {
  if (errno == EPIPE) return exit_failed;
  return fail(formatted("cannot write the output: {}", std::strerror(errno)));
}

std::string safe_json_of(const boost::json::value& value) {
  return safe_json(boost::json::serialize(value));
}

int print(const Invocation& invocation, const std::string& text) {
  return print_safe(invocation, safe_lines(text));
}

int print(const Invocation& invocation, const boost::json::value& value) {
  return print_safe(invocation, safe_json_of(value));
}

std::optional<pid_t> living_pid(const store::Container& container) {
  const auto state = state_named(container.state);
  const bool may_live = container.init && state && may_run(*state);
  return may_live ? std::optional(container.init->pid) : std::nullopt;
}

boost::json::object document() { return {{"format", json_format}}; }

boost::json::value to_json(const std::optional<std::string>& text) {
  if (!text) return nullptr;
  return boost::json::value(*text);
}

boost::json::value to_json(const std::optional<std::int64_t>& number) {
  if (!number) return nullptr;
  return *number;
}

boost::json::value time_to_json(const std::optional<std::int64_t>& wall) {
  if (!wall) return nullptr;
  return boost::json::value(utc_time(*wall));
}

boost::json::object to_json(const store::HistoryEntry& entry) {
  return {{"sequence", entry.sequence},
          {"container_id", entry.container_id},
          {"from", to_json(entry.from_state)},
          {"event", entry.event},
          {"to", entry.to_state},
          {"at", utc_time(entry.at.wall)},
          {"monotonic", entry.at.monotonic},
          {"actor", entry.actor},
          {"detail", entry.detail}};
}

boost::json::object to_json(const store::Record& record) {
  const auto& c = record.container;
  return {{"container_id", c.container_id},
          {"state", c.state},
          {"since", utc_time(c.since.wall)},
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
          {"pid", number(living_pid(c))},
          {"executor_pid", number(living_executor(c))},
          {"boot_id", c.boot_id},
          {"created", utc_time(c.created_at)},
          {"delivered", time_to_json(c.delivered_at)},
          {"termination",
           record.termination ? boost::json::value(as_json(*record.termination)) : nullptr},
          {"limits",
           {{"cpus", record.limits.cpus ? boost::json::value(*record.limits.cpus) : nullptr},
            {"memory", to_json(record.limits.memory)},
            {"hard_memory", to_json(record.limits.hard_memory)}}},
          {"supervisor", supervisor_of(record)}};
}

}  // namespace containerizer
