#include "tests/store/soak.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

using namespace containerizer::store;

namespace {

int number_from_environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::stoi(value);
}

SoakReport soak(int lifecycles, bool without_guard) {
  Soak soak;
  soak.lifecycles = lifecycles;
  soak.seed = static_cast<unsigned>(number_from_environment("SOAK_SEED", 1));
  soak.without_guard = without_guard;
  const auto report = run(soak);
  std::cout << lifecycles << " lifecycles" << (without_guard ? " without the guard" : "") << ": "
            << report.steps << " steps, " << report.kills << " kills, " << report.collisions
            << " collisions; largest log " << (report.largest_log >> 10) << " KiB, database "
            << (report.database >> 10) << " KiB; " << report.seconds << " s\n";
  return report;
}

}  // namespace

TEST_CASE("soak: 20 processes that are killed lose nothing, and leave no lock") {
  const auto report = soak(number_from_environment("SOAK_LIFECYCLES", 150), false);
  CHECK(report.complaints == "");
  CHECK(report.kills > 0);
  CHECK(report.collisions > 0);
}

TEST_CASE("the soak finds lost updates if the version is not checked") {
  const auto report = soak(50, true);
  CHECK_THAT(report.complaints, Catch::Contains("lost update") && Catch::Contains("history: "));
}
