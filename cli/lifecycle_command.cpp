// lifecycle: prints the state machine from its table.
#include "cli/command_line.h"
#include "cli/printing.h"
#include "engine/lifecycle/lifecycle.h"

namespace containerizer {

int lifecycle(Invocation& invocation) {
  bool json = false;
  std::string format = "table";
  CommandLine line("lifecycle", "Prints the state machine of a container.");
  line.choice("--format", format, {"table", "dot", "mermaid", "json"}, "how to print it");
  line.flag("--json", json, "the same as --format=json");
  if (const auto status = line.parse(invocation)) return *status;
  if (json) format = "json";
  const std::pair<const char*, LifecycleFormat> formats[] = {{"table", LifecycleFormat::table},
                                                             {"dot", LifecycleFormat::dot},
                                                             {"mermaid", LifecycleFormat::mermaid},
                                                             {"json", LifecycleFormat::json}};
  for (const auto& [name, value] : formats) {
    if (format == name) return print(invocation, draw_lifecycle(value));
  }
  return exit_usage;
}

}  // namespace containerizer
