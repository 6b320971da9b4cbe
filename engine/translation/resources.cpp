#include "engine/translation/resources.h"

#include <algorithm>
#include <cmath>

namespace containerizer {
namespace {

constexpr double shares_per_cpu = 1024;
constexpr double fewest_shares = 2;
constexpr double most_shares = 262144;  // the kernel's maximum
constexpr double least_quota = 1'000;
constexpr std::uint64_t megabyte = std::uint64_t{1024} * 1024;
constexpr std::uint64_t least_memory = 32 * megabyte;
constexpr std::uint64_t most_memory = std::uint64_t{1} << 62;
constexpr std::uint64_t highest_port = 65535;

}  // namespace

Resources sum_resources(const google::protobuf::RepeatedPtrField<mesos::Resource>& resources) {
  double memory = 0;
  Resources sum;
  for (const mesos::Resource& resource : resources) {
    const double scalar = std::max(0.0, resource.scalar().value());
    if (resource.name() == "cpus") sum.cpus = sum.cpus.value_or(0) + scalar;
    if (resource.name() == "mem") {
      memory += scalar;
      sum.memory = static_cast<std::uint64_t>(
          std::min(memory * double{megabyte}, static_cast<double>(most_memory)));
    }
    if (resource.name() != "ports") continue;
    for (const auto& range : resource.ranges().range()) {
      if (range.begin() > range.end() || range.begin() > highest_port) continue;
      sum.ports.emplace_back(static_cast<std::uint32_t>(range.begin()),
                             static_cast<std::uint32_t>(std::min(range.end(), highest_port)));
    }
  }
  // Merged, because ranges can overlap, and each port may be published only once.
  std::sort(sum.ports.begin(), sum.ports.end());
  std::vector<std::pair<std::uint32_t, std::uint32_t>> merged;
  for (const auto& range : sum.ports) {
    if (!merged.empty() && range.first <= merged.back().second + 1) {
      merged.back().second = std::max(merged.back().second, range.second);
    } else {
      merged.push_back(range);
    }
  }
  sum.ports = std::move(merged);
  return sum;
}

std::int64_t cpu_shares(double cpus) {
  // Rounding errors in sums such as 0.1 + 0.2 must not cost a share.
  const double shares = std::floor(cpus * shares_per_cpu + 1e-6);
  return static_cast<std::int64_t>(std::clamp(shares, fewest_shares, most_shares));
}

std::int64_t cpu_quota(double cpus, std::int64_t period) {
  const double most = static_cast<double>(std::int64_t{1} << 40);
  const double quota = std::floor(cpus * static_cast<double>(period) + 1e-6);
  return static_cast<std::int64_t>(std::clamp(quota, least_quota, most));
}

std::int64_t memory_limit(std::uint64_t bytes) {
  return static_cast<std::int64_t>(std::clamp(bytes, least_memory, most_memory));
}

}  // namespace containerizer
