// lifecycle: the state machine, printed from its table.
#include "engine/lifecycle.h"

#include "cli/people.h"

namespace containerizer {

int lifecycle(Call& call) {
  const bool json = take_option(call.arguments, "--json");
  const auto format = take_value(call.arguments, "--format").value_or(json ? "json" : "table");
  if (!call.arguments.empty()) return refuse_arguments(call.arguments);
  const std::pair<const char*, LifecycleFormat> formats[] = {{"table", LifecycleFormat::table},
                                                             {"dot", LifecycleFormat::dot},
                                                             {"mermaid", LifecycleFormat::mermaid},
                                                             {"json", LifecycleFormat::json}};
  for (const auto& [name, value] : formats) {
    if (format == name) return print(call, draw_lifecycle(value));
  }
  return fail("--format is table, dot, mermaid or json", exit_usage);
}

}  // namespace containerizer
