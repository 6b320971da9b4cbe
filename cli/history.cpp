// history: prints the recorded events of one container, or of all, oldest first.
#include "cli/command_line.h"
#include "cli/printing.h"

namespace containerizer {

int history(Invocation& invocation) {
  bool json = false;
  std::int64_t most = 1000;
  std::string name;
  CommandLine line("history", "Prints the recorded events of one container, or of all.");
  line.optional_argument("CONTAINER", name, container_argument);
  line.count("--last", most, "N", "print only the newest N events (default 1000)");
  line.flag("--json", json, "print JSON");
  if (const auto status = line.parse(invocation)) return *status;
  std::optional<std::string> id;
  if (!name.empty()) {
    const auto container = find_container(invocation, name);
    if (!container.ok()) return fail(container.failure().text);
    id = container.value().container_id;
  }
  const auto entries = invocation.store.history(id, most);
  if (json) {
    boost::json::array rows;
    for (const auto& entry : entries) rows.push_back(to_json(entry));
    return print(invocation, rows);
  }
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"TIME", "CONTAINER", "FROM", "EVENT", "TO", "DETAIL"});
  for (const auto& entry : entries) {
    rows.push_back({local_time(entry.at.wall), entry.container_id, entry.from_state.value_or("-"),
                    entry.event, entry.to_state, entry.detail});
  }
  return print(invocation, table(rows));
}

}  // namespace containerizer
