// Starting a program outside the systemd service of this process. When a service is stopped,
// systemd kills every process in its control group by default, whatever its parent. A program that
// must keep running needs its own scope.
#pragma once

#include <string>

#include "host/process.h"

namespace containerizer {

// Returns whether this process belongs to a systemd service. `root` is a prefix of every path; only
// tests set it.
bool is_in_service(const std::string& root = "");

// A program, and what systemctl shows for its scope.
struct ScopedProgram {
  Program program;
  std::string description;
};

// Returns `program` changed so that it starts in its own scope, with everything that it starts
// itself. PID, descriptors, session and environment (except INVOCATION_ID) are the same as without
// a scope. If systemd refuses the scope, the program does not start, and systemd-run exits with a
// failure. Starts nothing itself.
Program in_scope(const ScopedProgram& scoped);

}  // namespace containerizer
