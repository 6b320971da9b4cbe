// Mesos resources as Docker takes them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "containerizer.pb.h"

namespace containerizer {

// Sums over a list of Mesos resources, whose names may repeat (roles, reservations).
struct Resources {
  std::optional<double> cpus;           // each is absent when no entry names it
  std::optional<std::uint64_t> memory;  // bytes
  std::vector<std::pair<std::uint32_t, std::uint32_t>>
      ports;  // inclusive ranges, ascending, merged
};
Resources sum_resources(const google::protobuf::RepeatedPtrField<mesos::Resource>& resources);

// A task's `cpus` and `memory` as Docker takes them, with the minimums of Mesos' own containerizer
// (mesos-protocol: 1024 shares a cpu, at least 2; at least 32 MB).
std::int64_t cpu_shares(double cpus);
std::int64_t memory_limit(std::uint64_t bytes);

// The time in microseconds that `cpus` are, of each `period` (mesos-protocol 8: at least 1 ms).
constexpr std::int64_t cpu_period = 100'000;
std::int64_t cpu_quota(double cpus, std::int64_t period = cpu_period);

}  // namespace containerizer
