// Limits that flags of `docker run` have fixed, the task's flags or the operator's. They override
// the limits in the messages when the container is created, and updates do not change them. A label
// of the container lists them. A label lasts as long as the container, even if our record is lost
// or the operator's settings change. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/translation/run_flags/flag_parser.h"

namespace containerizer {

inline constexpr const char* fixed_limits_label = "docker-containerizer.limits";

// Returns the label's value: a list of those flags in `flags` that set a limit which updates also
// set.
std::string fixed_limits(const std::vector<RunFlag>& flags);

// The limits that an update must not change.
struct FixedLimits {
  bool cpu_shares = false;
  bool cpu_quota = false;
  bool memory = false;
  bool memory_reservation = false;
  bool memory_swap = false;
};
// Reads the label's value. Ignores flags that it does not know.
FixedLimits read_fixed_limits(std::string_view label);

}  // namespace containerizer
