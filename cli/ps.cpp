// ps: the containers of this slave instance.
#include "cli/people.h"
#include "engine/lifecycle.h"

namespace containerizer {

int ps(Call& call) {
  const bool json = take_option(call.arguments, "--json");
  const bool all = take_option(call.arguments, "--all");
  if (!call.arguments.empty()) return refuse_arguments(call.arguments);
  const auto containers = all ? call.store.everything() : call.store.live();
  if (json) {
    boost::json::array rows;
    for (const auto& c : containers) rows.push_back(to_json(c));
    return print(call, rows);
  }
  std::vector<std::vector<std::string>> rows{
      {"CONTAINER", "STATE", "SINCE", "TASK", "IMAGE", "PID"}};
  const auto now = call.store.now().wall;
  for (const auto& c : containers) {
    rows.push_back({c.container_id, c.state, how_long(now - c.since.wall),
                    c.task_name.value_or(c.executor_id), c.image.value_or("-"),
                    c.init ? std::to_string(c.init->pid) : "-"});
  }
  return print(call, table(rows));
}

}  // namespace containerizer
