#include "host/scope.h"

#include <unistd.h>

#include <sstream>
#include <string_view>
#include <vector>

#include "host/file.h"

namespace containerizer {
namespace {

// The path in a line of /proc/PID/cgroup if systemd has set it: in cgroups v2, and in systemd's own
// hierarchy of v1. Any program may have moved the process in the other v1 hierarchies.
std::string_view place_by_systemd(std::string_view line) {
  for (const std::string_view hierarchy : {"0::", ":name=systemd:"}) {
    const auto at = line.find(hierarchy);
    if (at != std::string_view::npos) return line.substr(at + hierarchy.size());
  }
  return {};
}

}  // namespace

bool is_in_service(const std::string& root) {
  if (::access((root + "/run/systemd/system").c_str(), F_OK) != 0) return false;
  std::istringstream lines(read_small_file(root + "/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const auto path = std::string(place_by_systemd(line)) + "/";
    if (path.find(".service/") != std::string::npos) return true;
  }
  return false;
}

Program in_scope(const ScopedProgram& scoped) {
  // TimeoutStopSec: a shutdown of the host stops the scopes. A supervisor that then waits for a
  // daemon that has already stopped would use up systemd's default of 90 s. 15 s is what Docker
  // allows its containers at a shutdown.
  // After=: systemd stops units in the opposite order. So the daemon still runs, and knows the exit
  // codes, when the scopes stop.
  const std::string daemons = "docker.service docker.socket containerd.service";
  const std::vector<std::string> scope{"/usr/bin/systemd-run",
                                       "--scope",
                                       "--collect",
                                       "--quiet",
                                       "--no-ask-password",
                                       "--description=" + scoped.description,
                                       "--property=TimeoutStopSec=15",
                                       "--property=After=" + daemons,
                                       "--"};
  Program program = scoped.program;
  program.arguments.insert(program.arguments.begin(), scope.begin(), scope.end());
  return program;
}

}  // namespace containerizer
