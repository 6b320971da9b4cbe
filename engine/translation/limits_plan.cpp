#include "engine/translation/limits_plan.h"

#include <boost/json/value.hpp>

#include "engine/translation/run_flags/create_request.h"

namespace containerizer {
namespace {

namespace json = boost::json;

void plan_quota(double cpus, json::object& host) {
  const json::value& set = host.emplace("CpuPeriod", cpu_period).first->value();
  // 0 means the kernel's period, which is the same as ours.
  const std::int64_t period = set.as_int64() > 0 ? set.as_int64() : cpu_period;
  host["CpuQuota"] = cpu_quota(cpus, period);
}

void plan_swap(SwapPolicy policy, json::object& host) {
  const json::value* memory = host.if_contains("Memory");
  if (memory == nullptr || memory->as_int64() == 0) return;
  // MemorySwap is the limit of memory and swap together. Without it, the daemon sets it to twice
  // the memory.
  if (policy == SwapPolicy::none) host["MemorySwap"] = memory->as_int64();
  if (policy == SwapPolicy::unlimited) host["MemorySwap"] = -1;
}

// Docker rejects a soft limit above the hard limit. A flag may have lowered only the hard limit.
void lower_reservation(json::object& host) {
  const bool both = host.contains("Memory") && host.contains("MemoryReservation");
  if (both && host["Memory"].as_int64() > 0 &&
      host["MemoryReservation"].as_int64() > host["Memory"].as_int64()) {
    host["MemoryReservation"] = host["Memory"];
  }
}

}  // namespace

void plan_limits(const Resources& resources, json::object& body) {
  json::object& host = object_at(body, "HostConfig");
  if (resources.cpus) host["CpuShares"] = cpu_shares(*resources.cpus);
  if (resources.memory) {
    host["Memory"] = memory_limit(*resources.memory);
    // The soft limit. Updates that lower the memory change only this one.
    host["MemoryReservation"] = host["Memory"];
  }
}

void complete_limits(const Resources& resources, const TaskSettings& settings,
                     const LaunchFlags& flags, json::object& body) {
  json::object& host = object_at(body, "HostConfig");
  // The daemon rejects a quota together with --cpus.
  if (resources.cpus && settings.cpu_quota && !flags.has("cpus") && !flags.has("cpu-quota")) {
    plan_quota(*resources.cpus, host);
  }
  if (!flags.has("memory-swap")) plan_swap(settings.swap, host);
  if (!flags.has("memory-reservation")) lower_reservation(host);
}

}  // namespace containerizer
