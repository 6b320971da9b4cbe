// Random histories of a slave, its containers, the daemon and the host.
#include "tests/simulation/history.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <iostream>

using namespace containerizer::simulation;

namespace {

std::uint64_t number(const char* name, std::uint64_t fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : fallback;
}

}  // namespace

TEST_CASE("every promise is kept through random histories") {
  const auto first = number("SIMULATION_SEED", 1);
  const auto seeds = number("SIMULATION_SEEDS", 200);
  const auto begin = std::clock();
  long steps = 0;
  for (auto seed = first; seed < first + seeds; ++seed) {
    const auto history = make_history(seed);
    const auto outcome = run_history(history);
    steps += outcome.steps;
    if (outcome.problems.empty()) continue;
    const auto smallest = shrink(history);
    for (const auto& problem : run_history(smallest).problems) UNSCOPED_INFO(problem);
    UNSCOPED_INFO(smallest);
    FAIL_CHECK("a promise was broken; SIMULATION_SEED=" << seed
                                                        << " SIMULATION_SEEDS=1 repeats it");
  }
  const auto took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::cout << seeds << " histories, " << steps << " steps, " << took << " s of CPU, "
            << static_cast<double>(steps) / took * 60 / 1e6 << " million steps a minute\n";
  CHECK(steps > 0);
}
