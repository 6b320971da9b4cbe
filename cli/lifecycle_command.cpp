// lifecycle: prints the state machine from its table.
#include "cli/printing.h"
#include "engine/lifecycle/lifecycle.h"

namespace containerizer {

int lifecycle(Invocation& invocation) {
  const bool json = take_option(invocation.arguments, "--json");
  const auto format =
      take_value(invocation.arguments, "--format").value_or(json ? "json" : "table");
  if (!invocation.arguments.empty()) return refuse_arguments(invocation.arguments);
  const std::pair<const char*, LifecycleFormat> formats[] = {{"table", LifecycleFormat::table},
                                                             {"dot", LifecycleFormat::dot},
                                                             {"mermaid", LifecycleFormat::mermaid},
                                                             {"json", LifecycleFormat::json}};
  for (const auto& [name, value] : formats) {
    if (format == name) return print(invocation, draw_lifecycle(value));
  }
  return fail("--format must be table, dot, mermaid or json", exit_usage);
}

}  // namespace containerizer
