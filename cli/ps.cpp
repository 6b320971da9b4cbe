// ps: lists the containers of this slave instance.
#include <algorithm>
#include <map>

#include "cli/command_line.h"
#include "cli/printing.h"
#include "engine/lifecycle/lifecycle.h"

namespace containerizer {
namespace {

using store::Container;
using store::Termination;

struct Wanted {
  bool all = false;
  bool failed = false;
  std::string state;
  std::string framework;
  std::string image;
};

std::vector<std::string> names_of_states() {
  std::vector<std::string> names;
  for (const auto state : all_states()) names.emplace_back(name_of(state));
  return names;
}

bool is_wanted(const Wanted& wanted, const Container& container,
               const std::optional<Termination>& end) {
  if (!wanted.state.empty() && container.state != wanted.state) return false;
  if (!wanted.framework.empty() && container.framework_id != wanted.framework) return false;
  if (!wanted.image.empty() && container.image.value_or("") != wanted.image) return false;
  return !wanted.failed || (end && is_failure(*end));
}

std::string pid_of(const Container& container) {
  const auto state = state_named(container.state);
  const bool may_live = container.init && state && may_run(*state);
  return may_live ? std::to_string(container.init->pid) : "-";
}

}  // namespace

int ps(Invocation& invocation) {
  Wanted wanted;
  bool json = false;
  bool quiet = false;
  CommandLine line("ps", "Lists containers. Without options: those that are not gone.");
  line.flag("-a,--all", wanted.all, "also those that are gone; the newest first");
  line.flag("--failed", wanted.failed, "only those that failed; includes those that are gone");
  line.choice("--state", wanted.state, names_of_states(), "only those in this state");
  line.option("--framework", wanted.framework, "ID", "only those of this framework");
  line.option("--image", wanted.image, "IMAGE", "only those of this image");
  line.flag("-q,--quiet", quiet, "print only the IDs");
  line.flag("--json", json, "print JSON");
  if (const auto status = line.parse(invocation)) return *status;
  const bool with_ended = wanted.all || wanted.failed || wanted.state == name_of(State::gone);
  auto containers = with_ended ? invocation.store.everything() : invocation.store.live();
  if (with_ended) std::reverse(containers.begin(), containers.end());
  // Only containers that may have ended are compared with their ends, or shown with them.
  const auto ends =
      with_ended ? invocation.store.terminations() : std::map<std::string, Termination>();
  const auto end_of = [&](const Container& container) -> std::optional<Termination> {
    const auto found = ends.find(container.container_id);
    if (found == ends.end()) return std::nullopt;
    return found->second;
  };
  std::erase_if(containers, [&](const auto& one) { return !is_wanted(wanted, one, end_of(one)); });
  if (quiet) {
    std::string ids;
    for (const auto& one : containers) ids += one.container_id + "\n";
    return ids.empty() ? exit_ok : print(invocation, ids);
  }
  if (json) {
    boost::json::array rows;
    for (const auto& one : containers) rows.push_back(to_json(one));
    return print(invocation, rows);
  }
  std::vector<std::vector<std::string>> rows{{"CONTAINER", "STATE", "SINCE", "TASK", "IMAGE"}};
  rows[0].emplace_back(with_ended ? "END" : "PID");
  const auto now = invocation.store.now().wall;
  for (const auto& one : containers) {
    const auto end = end_of(one);
    rows.push_back({one.container_id, one.state, how_long(now - one.since.wall),
                    one.task_name.value_or(one.executor_id), one.image.value_or("-")});
    rows.back().push_back(with_ended ? (end ? short_form(*end) : "-") : pid_of(one));
  }
  return print(invocation, table(rows));
}

}  // namespace containerizer
