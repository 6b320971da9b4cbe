#include "engine/translation/flag_limits.h"

#include "engine/translation/flag_values.h"

namespace containerizer {
namespace {

struct Limit {
  std::string_view flag;
  bool FlagLimits::*set;
};

constexpr Limit limits[] = {
    {"cpu-period", &FlagLimits::cpu_quota},
    {"cpu-quota", &FlagLimits::cpu_quota},
    {"cpu-shares", &FlagLimits::cpu_shares},
    {"cpus", &FlagLimits::cpu_quota},
    {"memory", &FlagLimits::memory},
    {"memory-reservation", &FlagLimits::memory_reservation},
    {"memory-swap", &FlagLimits::memory_swap},
};

}  // namespace

std::string flag_limits(const std::vector<RunFlag>& flags) {
  std::string label;
  for (const auto& limit : limits) {
    if (has_flag(flags, limit.flag)) label.append(label.empty() ? "" : ",").append(limit.flag);
  }
  return label;
}

FlagLimits read_flag_limits(std::string_view label) {
  FlagLimits set;
  for (const auto& flag : split(label, ',')) {
    for (const auto& limit : limits) {
      if (flag == limit.flag) set.*limit.set = true;
    }
  }
  return set;
}

}  // namespace containerizer
