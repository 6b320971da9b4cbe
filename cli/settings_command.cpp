// settings: prints what every setting means.
#include "cli/command_line.h"
#include "cli/printing.h"
#include "engine/config/settings_manual.h"

namespace containerizer {

int print_settings(Invocation& invocation) {
  std::string format = "text";
  CommandLine line("settings", "Prints all settings, which are environment variables.");
  line.choice("--format", format, {"text", "markdown"}, "how to print them");
  if (const auto status = line.parse(invocation)) return *status;
  return print(invocation, describe_settings(format == "markdown" ? SettingsFormat::markdown
                                                                  : SettingsFormat::text));
}

}  // namespace containerizer
