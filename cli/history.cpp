// history: prints the recorded events of one container, or of all, oldest first.
#include <fmt/core.h>

#include <cstdlib>

#include "cli/printing.h"

namespace containerizer {

int history(Invocation& invocation) {
  const bool json = take_option(invocation.arguments, "--json");
  const auto last = take_value(invocation.arguments, "--last");
  std::optional<std::string> id;
  if (!invocation.arguments.empty() && invocation.arguments[0][0] != '-') {
    id = invocation.arguments[0];
    invocation.arguments.erase(invocation.arguments.begin());
  }
  if (!invocation.arguments.empty()) return refuse_arguments(invocation.arguments);
  const auto most = last ? std::strtoll(last->c_str(), nullptr, 10) : 1000;
  if (most <= 0) return fail("--last needs a positive number", exit_usage);
  const auto entries = invocation.store.history(id, most);
  if (id && entries.empty()) {
    return fail(
        fmt::format("container {} is unknown; `docker-containerizer ps --all` lists all", *id));
  }
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
