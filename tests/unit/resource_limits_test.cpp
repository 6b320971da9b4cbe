#include "engine/supervisor/resource_limits.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include "engine/translation/fixed_limits.h"

using namespace containerizer;

namespace {

constexpr std::int64_t mib = 1 << 20;

store::Limits limits(std::optional<double> cpus, std::optional<std::int64_t> memory) {
  store::Limits wanted;
  wanted.cpus = cpus;
  wanted.memory = memory;
  return wanted;
}

ContainerFacts in_force(std::int64_t memory, std::int64_t swap) {
  ContainerFacts facts;
  facts.memory_limit = memory;
  facts.swap_limit = swap;
  return facts;
}

}  // namespace

TEST_CASE("without requested limits nothing changes") {
  CHECK(update_body(limits({}, {}), in_force(0, 0)).empty());
  CHECK(update_body(limits({}, {}), in_force(64 * mib, 128 * mib)).empty());
}

TEST_CASE("one CPU is 1024 shares") {
  const auto body = update_body(limits(0.5, {}), in_force(0, 0));
  CHECK(body.size() == 1);
  CHECK(body.at("CpuShares") == 512);
}

TEST_CASE("a quota follows the CPUs if one is set") {
  auto facts = in_force(0, 0);
  const auto wanted = limits(1.5, {});
  CHECK_FALSE(update_body(wanted, facts, true).contains("CpuQuota"));
  facts.cpu_quota = 20'000;
  CHECK_FALSE(update_body(wanted, facts, false).contains("CpuQuota"));
  const auto body = update_body(wanted, facts, true);
  CHECK(body.at("CpuQuota") == 150'000);
  CHECK(body.at("CpuPeriod") == 100'000);
  CHECK_FALSE(update_body(limits({}, 64 * mib), facts, true).contains("CpuQuota"));
}

TEST_CASE("the hard limit rises with the requested memory, and swap keeps its size") {
  const auto now = GENERATE(values<std::pair<std::int64_t, std::int64_t>>({
      {128, 192},  // limit of memory and swap together: before and after
      {64, 128},
      {-1, -1},
  }));
  const auto facts = in_force(64 * mib, now.first < 0 ? -1 : now.first * mib);
  const auto wanted = limits({}, 128 * mib);
  CHECK(hard_memory_after(wanted, facts) == 128 * mib);
  const auto body = update_body(wanted, facts);
  CHECK(body.at("Memory") == 128 * mib);
  CHECK(body.at("MemorySwap") == (now.second < 0 ? -1 : now.second * mib));
  CHECK(body.at("MemoryReservation") == 128 * mib);
}

TEST_CASE("the hard limit is never lowered", "[scenario-68]") {
  const auto memory = GENERATE(as<std::int64_t>(), 4, 32, 63, 64);
  const auto hard = GENERATE(as<std::int64_t>(), 0, 64, 512);
  const auto wanted = limits({}, memory * mib);
  const auto facts = in_force(hard * mib, 2 * hard * mib);
  CHECK(hard_memory_after(wanted, facts) == hard * mib);
  const auto body = update_body(wanted, facts);
  CHECK(body.at("MemoryReservation") == memory * mib);
  CHECK_FALSE(body.contains("Memory"));
  CHECK_FALSE(body.contains("MemorySwap"));
}

TEST_CASE("an update does not change limits of flags") {
  auto facts = in_force(64 * mib, 128 * mib);
  facts.cpu_quota = 20'000;
  const auto wanted = limits(2.0, 256 * mib);
  const auto after = [&](const std::string& flags) {
    facts.labels[fixed_limits_label] = flags;
    return update_body(wanted, facts, true);
  };
  CHECK_FALSE(after("cpu-shares").contains("CpuShares"));
  for (const auto* flag : {"cpus", "cpu-quota", "cpu-period"}) {
    CHECK_FALSE(after(flag).contains("CpuQuota"));
    CHECK_FALSE(after(flag).contains("CpuPeriod"));
  }
  CHECK_FALSE(after("memory-reservation").contains("MemoryReservation"));
  const auto body = after("memory");
  CHECK_FALSE(body.contains("Memory"));
  CHECK_FALSE(body.contains("MemorySwap"));
  // No more than the hard limit, as in the create request.
  CHECK(body.at("MemoryReservation") == 64 * mib);
  CHECK(hard_memory_after(wanted, facts) == 64 * mib);
  CHECK(after("cpu-shares,cpus,memory,memory-reservation").empty());
}

TEST_CASE("the hard limit does not exceed the sum of memory and swap that a flag set") {
  auto facts = in_force(64 * mib, 128 * mib);
  facts.labels[fixed_limits_label] = "memory-swap";
  const auto wanted = limits({}, 256 * mib);
  CHECK(hard_memory_after(wanted, facts) == 128 * mib);
  const auto body = update_body(wanted, facts);
  CHECK(body.at("Memory") == 128 * mib);
  CHECK(body.at("MemorySwap") == 128 * mib);
  CHECK(body.at("MemoryReservation") == 128 * mib);
  facts.swap_limit = -1;
  CHECK(update_body(wanted, facts).at("Memory") == 256 * mib);
  CHECK(update_body(wanted, facts).at("MemorySwap") == -1);
}

TEST_CASE("the same update twice ends in the same limits", "[scenario-68]") {
  const auto wanted = limits(2.0, 128 * mib);
  auto facts = in_force(64 * mib, 128 * mib);
  const auto first = update_body(wanted, facts);
  facts.memory_limit = first.at("Memory").as_int64();
  facts.swap_limit = first.at("MemorySwap").as_int64();
  const auto second = update_body(wanted, facts);
  CHECK(hard_memory_after(wanted, facts) == 128 * mib);
  CHECK(second.at("CpuShares") == first.at("CpuShares"));
  CHECK(second.at("MemoryReservation") == first.at("MemoryReservation"));
  CHECK_FALSE(second.contains("Memory"));
}
