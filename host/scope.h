// Leaving a service of systemd's. When a service is stopped, every process in its control group is
// ended by default, whoever its parent is; what is to live on moves to a scope of its own.
#pragma once

#include <string>

#include "host/process.h"

namespace containerizer {

// Whether systemd runs us as a part of a service. `root` stands before every path, "" but for
// tests.
bool is_in_service(const std::string& root = "");

// The program, to be started in a scope of this description with all that it starts; its process
// is the same one, with the same descriptors, session and environment. If systemd gives it no
// scope, it does not begin.
Program in_scope(Program program, const std::string& description);

}  // namespace containerizer
