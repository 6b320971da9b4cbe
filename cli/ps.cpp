// ps: lists the containers of this slave instance.
#include "cli/command_line.h"
#include "cli/printing.h"
#include "cli/terminal.h"
#include "engine/lifecycle/lifecycle.h"
#include "host/times.h"

namespace containerizer {
namespace {

using store::Record;

std::vector<std::string> names_of_states() {
  std::vector<std::string> names;
  for (const auto state : all_states()) names.emplace_back(name_of(state));
  return names;
}

std::string as_table(const std::vector<Record>& records, bool with_ended, std::int64_t now,
                     const Screen& screen) {
  Rows rows{{"CONTAINER", "STATE", "SINCE", "TASK", "IMAGE", with_ended ? "END" : "PID"}};
  rows.reserve(records.size() + 1);
  for (const auto& [container, termination, limits, supervisor] : records) {
    const auto pid = living_pid(container);
    std::string last = termination ? termination->ending : "-";
    if (!with_ended) last = pid ? std::to_string(*pid) : "-";
    rows.push_back({shown_id(container.container_id, screen), container.state,
                    how_long(now - container.since.wall),
                    container.task_name.value_or(container.executor_id),
                    container.image.value_or("-"), std::move(last)});
  }
  return table(rows, screen);
}

int print_json(const Invocation& invocation, const std::vector<Record>& records) {
  boost::json::array rows;
  for (const auto& one : records) rows.push_back(to_json(one));
  auto whole = document();
  whole["containers"] = std::move(rows);
  return print(invocation, whole);
}

}  // namespace

int ps(Invocation& invocation) {
  store::Selection wanted;
  bool all = false;
  bool json = false;
  bool quiet = false;
  std::string since;
  CommandLine line("ps", "Lists containers. Without options: those that have not ended.");
  line.flag("-a,--all", all, "also those that have ended; the newest first");
  line.flag("--failed", wanted.failed, "only those that failed; includes those that are gone");
  line.choice("--state", wanted.state, names_of_states(), "only those in this state");
  line.option("--framework", wanted.framework, "ID", "only those of this framework");
  line.option("--image", wanted.image, "IMAGE", "only those of this image");
  line.option("--since", since, "TIME",
              "only those that entered their state since then: 10m, 2h, 7d, or a time");
  line.flag("-q,--quiet", quiet, "print only the IDs");
  line.flag("--json", json, "print JSON");
  if (const auto status = line.parse(invocation)) return *status;
  const auto now = invocation.store.now().wall;
  if (!since.empty()) {
    const auto moment = parse_moment(since, now);
    if (!moment.ok()) return fail("ps --since: " + moment.failure().text, exit_usage);
    wanted.since = moment.value();
  }
  const bool with_ended = all || wanted.failed || wanted.state == name_of(State::gone) ||
                          wanted.state == name_of(State::removing);
  if (with_ended) wanted.scope = store::Selection::Scope::all;
  const auto records = invocation.store.records(wanted);
  invocation.store.close();
  if (json) return print_json(invocation, records);
  if (quiet) {
    std::string ids;
    for (const auto& one : records) ids += one.container.container_id + "\n";
    return ids.empty() ? exit_ok : print(invocation, ids);
  }
  const auto screen = screen_of(invocation);
  return print_page(invocation, as_table(records, with_ended, now, screen), screen);
}

}  // namespace containerizer
