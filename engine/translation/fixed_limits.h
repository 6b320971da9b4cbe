// Limits that flags of `docker run` have set, a task's or the operator's. They are stronger than
// what the messages ask for when a container is created, and ever after: no update changes them.
// Which they are stands in a label of the container, so that it is known for as long as the
// container is there, whatever becomes of our record and of the operator's settings. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/translation/run_flags/run_flags.h"

namespace containerizer {

inline constexpr const char* fixed_limits_label = "docker-containerizer.limits";

// The label's value: which of the flags that limit what updates limit, too, are among `flags`.
std::string fixed_limits(const std::vector<RunFlag>& flags);

// What is not an update's to change.
struct FixedLimits {
  bool cpu_shares = false;
  bool cpu_quota = false;
  bool memory = false;
  bool memory_reservation = false;
  bool memory_swap = false;
};
FixedLimits read_fixed_limits(std::string_view label);

}  // namespace containerizer
