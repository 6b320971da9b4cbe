// ps: lists the containers of this slave instance.
#include "cli/printing.h"
#include "engine/lifecycle/lifecycle.h"

namespace containerizer {

int ps(Invocation& invocation) {
  const bool json = take_option(invocation.arguments, "--json");
  const bool all = take_option(invocation.arguments, "--all");
  if (!invocation.arguments.empty()) return refuse_arguments(invocation.arguments);
  const auto containers = all ? invocation.store.everything() : invocation.store.live();
  if (json) {
    boost::json::array rows;
    for (const auto& c : containers) rows.push_back(to_json(c));
    return print(invocation, rows);
  }
  std::vector<std::vector<std::string>> rows{
      {"CONTAINER", "STATE", "SINCE", "TASK", "IMAGE", "PID"}};
  const auto now = invocation.store.now().wall;
  for (const auto& c : containers) {
    rows.push_back({c.container_id, c.state, how_long(now - c.since.wall),
                    c.task_name.value_or(c.executor_id), c.image.value_or("-"),
                    c.init ? std::to_string(c.init->pid) : "-"});
  }
  return print(invocation, table(rows));
}

}  // namespace containerizer
