// show: prints everything that is recorded about one container, except what can contain secrets of
// its task: the launch request and the environment.
#include <fmt/core.h>

#include "cli/printing.h"
#include "host/text.h"

namespace containerizer {
namespace {

std::string number(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "-";
}

std::string as_text(Invocation& invocation, const store::Container& c) {
  const auto limits = invocation.store.limits_of(c.container_id).value_or(store::Limits{});
  const auto termination = invocation.store.termination_of(c.container_id);
  const auto delivered = c.delivered_at ? local_time(*c.delivered_at) : "not yet";
  const auto pid = [](const std::optional<ProcessId>& process) {
    return process ? std::to_string(process->pid) : "-";
  };
  auto text = table({{"container", c.container_id},
                     {"state", c.state + " since " + local_time(c.since.wall)},
                     {"ended", termination ? describe(*termination) : "no"},
                     {"delivered", delivered},
                     {"kind", c.kind},
                     {"task", c.task_name.value_or("-")},
                     {"executor", c.executor_id},
                     {"framework", c.framework_id},
                     {"slave", c.slave_id},
                     {"image", c.image.value_or("-")},
                     {"docker ID", c.docker_id.value_or("-")},
                     {"PID", pid(c.init)},
                     {"executor PID", pid(c.executor)},
                     {"cpus", limits.cpus ? fmt::format("{}", *limits.cpus) : "-"},
                     {"memory", number(limits.memory) + " bytes"},
                     {"sandbox", c.directory},
                     {"launched", local_time(c.created_at)}});
  text += "\n";
  for (const auto& entry : invocation.store.history(c.container_id, 1000)) {
    text += fmt::format("{}  {:<16} {} {}\n", local_time(entry.at.wall), entry.event,
                        entry.to_state, one_line(entry.detail, entry.detail.size()));
  }
  return text;
}

}  // namespace

int show(Invocation& invocation) {
  const bool json = take_option(invocation.arguments, "--json");
  if (invocation.arguments.size() != 1) return fail("show needs a container ID", exit_usage);
  const auto& id = invocation.arguments[0];
  const auto container = invocation.store.find(id);
  if (!container) {
    return fail(
        fmt::format("container {} is unknown; `docker-containerizer ps --all` lists all", id));
  }
  if (!json) return print(invocation, as_text(invocation, *container));

  auto whole = to_json(*container);
  const auto termination = invocation.store.termination_of(id);
  whole["termination"] = termination ? boost::json::value(to_json(*termination)) : nullptr;
  const auto requests = invocation.store.requests_of(id);
  whole["requests"] = {{"stop", requests.stop}, {"destroy", requests.destroy}};
  boost::json::array entries;
  for (const auto& entry : invocation.store.history(id, 1000)) entries.push_back(to_json(entry));
  whole["history"] = entries;
  return print(invocation, whole);
}

}  // namespace containerizer
