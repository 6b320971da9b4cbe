// The kernel's out-of-memory killer, as the kernel's log tells of it. Unlike the counters of a
// cgroup, the log outlives the cgroup.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/clock.h"

namespace containerizer {

struct OomKill {
  pid_t victim = 0;           // as the host numbers it
  std::string victim_cgroup;  // the victim's path in the hierarchy of cgroups
  std::string limit_cgroup;   // whose limit was reached; "" for the memory of the host
  Deadline at;                // by the kernel's own clock, which drifts a little from ours
};

// Reads one record of /dev/kmsg. Empty: it is about something else.
std::optional<OomKill> parse_oom_kill(std::string_view record);

// All kills that the log still has, oldest first. Empty: the log cannot be read.
std::optional<std::vector<OomKill>> read_oom_kills(const std::string& path = "/dev/kmsg");

}  // namespace containerizer
