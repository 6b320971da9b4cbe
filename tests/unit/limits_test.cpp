#include "engine/limits.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

using namespace containerizer;

namespace {

constexpr std::int64_t mib = 1 << 20;

store::Limits limits(std::optional<double> cpus, std::optional<std::int64_t> memory,
                     std::optional<std::int64_t> hard_memory) {
  store::Limits wanted;
  wanted.cpus = cpus;
  wanted.memory = memory;
  wanted.hard_memory = hard_memory;
  return wanted;
}

}  // namespace

TEST_CASE("nothing wanted is nothing changed") {
  CHECK(update_body(limits({}, {}, {})).empty());
  CHECK(update_body(limits({}, {}, 64 * mib)).empty());
}

TEST_CASE("CPUs are shares of 1024") {
  const auto body = update_body(limits(0.5, {}, {}));
  CHECK(body.size() == 1);
  CHECK(body.at("CpuShares") == 512);
}

TEST_CASE("the hard limit rises with the memory that is wanted, and swap with it") {
  const auto wanted = limits({}, 128 * mib, 64 * mib);
  CHECK(hard_memory_after(wanted) == 128 * mib);
  const auto body = update_body(wanted);
  CHECK(body.at("Memory") == 128 * mib);
  CHECK(body.at("MemorySwap") == 256 * mib);
  CHECK(body.at("MemoryReservation") == 128 * mib);
}

TEST_CASE("the hard limit is never lowered", "[scenario-68]") {
  const auto memory = GENERATE(as<std::int64_t>(), 4, 32, 63, 64);
  const auto wanted = limits({}, memory * mib, 64 * mib);
  CHECK(hard_memory_after(wanted) == 64 * mib);
  const auto body = update_body(wanted);
  CHECK(body.at("MemoryReservation") == memory * mib);
  CHECK_FALSE(body.contains("Memory"));
  CHECK_FALSE(body.contains("MemorySwap"));
}

TEST_CASE("the same update twice ends in the same limits", "[scenario-68]") {
  auto wanted = limits(2.0, 128 * mib, 64 * mib);
  const auto first = update_body(wanted);
  wanted.hard_memory = hard_memory_after(wanted);
  const auto second = update_body(wanted);
  CHECK(hard_memory_after(wanted) == 128 * mib);
  CHECK(second.at("CpuShares") == first.at("CpuShares"));
  CHECK(second.at("MemoryReservation") == first.at("MemoryReservation"));
  CHECK_FALSE(second.contains("Memory"));
}

TEST_CASE("over any sequence of updates the hard limit is the highest that was wanted") {
  auto current = limits({}, {}, {});
  std::int64_t highest = 0;
  for (const std::int64_t memory : {64, 32, 128, 4, 127, 129, 1}) {
    highest = std::max(highest, memory * mib);
    current.memory = memory * mib;
    const auto body = update_body(current);
    if (body.contains("Memory")) CHECK(body.at("Memory") == highest);
    current.hard_memory = hard_memory_after(current);
    CHECK(current.hard_memory == highest);
    CHECK(body.at("MemoryReservation").as_int64() <= *current.hard_memory);
  }
}
