// The commands that become the newer program in the middle of their work.
#pragma once

#include <string>
#include <vector>

#include "cli/invocation.h"

namespace containerizer {

// Becomes the newer program, which does the command from its start: it gets the same request and
// the same pipe for the reply. `arguments` are the command's name and what follows it. Returns only
// if no newer program can take over.
Failure begin_again_as_newer_program(Invocation& invocation, std::vector<std::string> arguments);

// Does the same for a command without arguments, if `error` says that the database needs a newer
// program.
void begin_again_if_newer(Invocation& invocation, const std::string& command,
                          const store::StoreError& error);

}  // namespace containerizer
