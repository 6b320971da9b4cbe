#include "engine/limits.h"

#include <algorithm>

#include "engine/launch_plan.h"

namespace containerizer {

std::int64_t hard_memory_after(const store::Limits& limits) {
  return std::max(limits.hard_memory.value_or(0), limits.memory.value_or(0));
}

boost::json::object update_body(const store::Limits& limits) {
  boost::json::object body;
  if (limits.cpus) body["CpuShares"] = cpu_shares(*limits.cpus);
  if (!limits.memory) return body;
  body["MemoryReservation"] = *limits.memory;
  const auto hard = hard_memory_after(limits);
  if (hard > limits.hard_memory.value_or(0)) {
    body["Memory"] = hard;
    // The engine's own default at creation; it refuses a hard limit above an older swap limit.
    body["MemorySwap"] = 2 * hard;
  }
  return body;
}

}  // namespace containerizer
