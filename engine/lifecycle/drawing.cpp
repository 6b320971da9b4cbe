// Prints the lifecycle as text and as pictures, from its table alone.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <map>

#include "engine/lifecycle/lifecycle.h"
#include "host/format.h"
#include "host/json.h"

namespace containerizer {
namespace {

std::string as_table() {
  std::string text = formatted("{:<10} {:<17} {}\n", "STATE", "EVENT", "NEXT");
  for (const State state : all_states()) {
    text += formatted("{}{}{}\n", name_of(state), *action_in(state) != '\0' ? ": " : "",
                      action_in(state));
    for (const auto& row : all_transitions()) {
      if (row.from != state) continue;
      text += formatted("{:<10} {:<17} {}\n", "", name_of(row.event), name_of(row.to));
    }
  }
  return text;
}

// Draws an arrow. `events` are the names of all events that lead from one state to the other.
using Arrow =
    std::function<std::string(const char* from, const char* to, const std::string& events)>;

std::string arrows(const char* separator, const Arrow& draw) {
  std::map<std::pair<State, State>, std::string> events;
  for (const auto& row : all_transitions()) {
    auto& label = events[{row.from, row.to}];
    label += (label.empty() ? "" : separator) + std::string(name_of(row.event));
  }
  std::string text;
  for (const auto& [ends, label] : events) {
    text += draw(name_of(ends.first), name_of(ends.second), label);
  }
  return text;
}

std::string as_dot() {
  std::string text = "digraph lifecycle {\n  rankdir=TB;\n  node [shape=box, style=rounded];\n";
  for (const State state : all_states()) {
    text += formatted("  {0} [label=\"{0}\\n{1}\"];\n", name_of(state), action_in(state));
  }
  text += arrows("\\n", [](const char* from, const char* to, const std::string& label) {
    return formatted("  {} -> {} [label=\"{}\"];\n", from, to, label);
  });
  return text + "}\n";
}

std::string as_mermaid() {
  std::string text = formatted("stateDiagram-v2\n  [*] --> {}\n", name_of(all_states().front()));
  for (const State state : all_states()) {
    if (*action_in(state) == '\0') continue;
    text += formatted("  {} : {}\n", name_of(state), action_in(state));
  }
  text += arrows(", ", [](const char* from, const char* to, const std::string& label) {
    return formatted("  {} --> {} : {}\n", from, to, label);
  });
  return text + formatted("  {} --> [*]\n", name_of(all_states().back()));
}

std::string as_json() {
  boost::json::array rows;
  for (const auto& row : all_transitions()) {
    rows.push_back(boost::json::object{
        {"from", name_of(row.from)}, {"event", name_of(row.event)}, {"to", name_of(row.to)}});
  }
  const boost::json::object document{{"format", json_format}, {"transitions", rows}};
  return boost::json::serialize(document) + "\n";
}

}  // namespace

std::string draw_lifecycle(LifecycleFormat format) {
  switch (format) {
    case LifecycleFormat::dot:
      return as_dot();
    case LifecycleFormat::mermaid:
      return as_mermaid();
    case LifecycleFormat::json:
      return as_json();
    case LifecycleFormat::table:
      break;
  }
  return as_table();
}

}  // namespace containerizer
