// Converts Mesos resources to Docker's units. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "containerizer.pb.h"

namespace containerizer {

// Sums over a list of Mesos resources. A name can occur several times (roles, reservations).
struct Resources {
  std::optional<double> cpus;           // empty if the list does not contain it, like `memory`
  std::optional<std::uint64_t> memory;  // bytes
  std::vector<std::pair<std::uint32_t, std::uint32_t>>
      ports;  // inclusive ranges, ascending, merged
};
Resources sum_resources(const google::protobuf::RepeatedPtrField<mesos::Resource>& resources);

// A task's CPUs and memory in Docker's units, with the minimums of Mesos' own containerizer
// (mesos-protocol 8: 1024 shares per CPU and at least 2; at least 32 MB).
std::int64_t cpu_shares(double cpus);
std::int64_t memory_limit(std::uint64_t bytes);

// The CPU time per `period`, in microseconds (mesos-protocol 8: at least 1 ms).
constexpr std::int64_t cpu_period = 100'000;
std::int64_t cpu_quota(double cpus, std::int64_t period = cpu_period);

}  // namespace containerizer
