#include "engine/translation/fixed_limits.h"

#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

struct Limit {
  std::string_view flag;
  bool FixedLimits::*set;
};

// --cpus, --cpu-quota and --cpu-period set the same limit of the kernel.
constexpr Limit limits[] = {
    {"cpu-period", &FixedLimits::cpu_quota},
    {"cpu-quota", &FixedLimits::cpu_quota},
    {"cpu-shares", &FixedLimits::cpu_shares},
    {"cpus", &FixedLimits::cpu_quota},
    {"memory", &FixedLimits::memory},
    {"memory-reservation", &FixedLimits::memory_reservation},
    {"memory-swap", &FixedLimits::memory_swap},
};

}  // namespace

std::string fixed_limits(const std::vector<RunFlag>& flags) {
  std::string label;
  for (const auto& limit : limits) {
    if (has_flag(flags, limit.flag)) label.append(label.empty() ? "" : ",").append(limit.flag);
  }
  return label;
}

FixedLimits read_fixed_limits(std::string_view label) {
  FixedLimits set;
  for (const auto& flag : split(label, ',')) {
    for (const auto& limit : limits) {
      if (flag == limit.flag) set.*limit.set = true;
    }
  }
  return set;
}

}  // namespace containerizer
