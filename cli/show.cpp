// show: prints everything that is recorded about one container, except what can contain secrets of
// its task: the launch request and the environment.

#include "cli/command_line.h"
#include "cli/databases.h"
#include "cli/life_svg.h"
#include "cli/printing.h"
#include "cli/terminal.h"
#include "host/format.h"
#include "host/text.h"
#include "host/times.h"

namespace containerizer {
namespace {

constexpr std::int64_t most_entries = 1000;

std::string bytes(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) + " bytes" : "-";
}

std::string as_text(Invocation& invocation, const store::Record& record, const Screen& screen) {
  const auto& c = record.container;
  const auto& end = record.termination;
  const auto pid = living_pid(c);
  auto text =
      list_of_pairs({{"container", c.container_id},
                     {"state", c.state + " since " + local_time(c.since.wall)},
                     {"ended", end ? end->ending + ": " + end->message : "no"},
                     {"delivered", c.delivered_at ? local_time(*c.delivered_at) : "not yet"},
                     {"kind", c.kind},
                     {"task", c.task_name.value_or("-")},
                     {"executor", c.executor_id},
                     {"framework", c.framework_id},
                     {"slave", c.slave_id},
                     {"image", c.image.value_or("-")},
                     {"docker ID", c.docker_id.value_or("-")},
                     {"PID", pid ? std::to_string(*pid) : "-"},
                     {"cpus", record.limits.cpus ? formatted("{}", *record.limits.cpus) : "-"},
                     {"memory", bytes(record.limits.memory)},
                     {"peak memory", end ? bytes(end->peak_memory) : "-"},
                     {"sandbox", c.directory},
                     {"launched", local_time(c.created_at)}},
                    screen);
  text += "\n";
  Rows rows{{"TIME", "EVENT", "TO", "DETAIL"}};
  for (const auto& entry : invocation.store.history(c.container_id, most_entries)) {
    rows.push_back({local_time(entry.at.wall), entry.event, entry.to_state, entry.detail});
  }
  return text + table(rows, screen);
}

boost::json::object as_json(Invocation& invocation, const store::Record& record) {
  const auto& id = record.container.container_id;
  auto whole = document();
  for (auto& member : to_json(record)) whole.insert(member);
  const auto requests = invocation.store.requests_of(id);
  whole["requests"] = {{"stop", requests.stop}, {"destroy", requests.destroy}};
  boost::json::array entries;
  for (const auto& entry : invocation.store.history(id, most_entries)) {
    entries.push_back(to_json(entry));
  }
  whole["history"] = entries;
  return whole;
}

// The picture of a container. It reads the database by itself, as `report` does.
int draw(Invocation& invocation, const std::string& id) {
  invocation.store.close();
  const auto databases = find_databases(invocation, {});
  if (!databases.ok()) return fail(databases.failure().text);
  const auto period = store::read_period(*databases.value().front().open(), 0, id);
  if (period.lives.empty()) return fail(formatted("container {} is gone", id));
  return print(invocation, draw_life(period.lives.front(), invocation.store.now().wall));
}

}  // namespace

int show(Invocation& invocation) {
  bool json = false;
  bool svg = false;
  std::string name;
  CommandLine line("show", "Prints one container's record, without its request and environment.");
  line.argument("CONTAINER", name, container_argument);
  line.flag("--json", json, "print JSON");
  line.flag("--svg", svg, "print a picture of its states");
  if (const auto status = line.parse(invocation)) return *status;
  const auto record = find_record(invocation, name);
  if (!record.ok()) return fail(record.failure().text);
  if (svg) return draw(invocation, record.value().container.container_id);
  if (json) return print(invocation, as_json(invocation, record.value()));
  const auto screen = screen_of(invocation);
  return print_page(invocation, as_text(invocation, record.value(), screen), screen);
}

}  // namespace containerizer
