// A small state space, explored completely: one container and its slave, with every failure at
// every moment and in every order.
//
// SMALL_WORLD=deaths,mishaps,switches: how many of them one run may contain. A death is that of any
// process at any step. A mishap is any failure of any call to the daemon. A switch lets another
// process continue first, or an event that is due within two seconds.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>

#include "tests/simulation/explorer.h"
#include "tests/simulation/history.h"

using namespace containerizer::simulation;
using namespace std::chrono_literals;

namespace {

using Kind = Happening::Kind;
using Budget = Explorer::Budget;

struct Scenario {
  const char* name;
  std::vector<Happening> happenings;
};

const Happening launched{5'000ms, Kind::launch, 0};

Happening then(Kind kind) { return {5'400ms, kind, 0}; }
Happening at_last(Kind kind) { return {5'600ms, kind, 0}; }

const std::vector<Scenario> scenarios{
    {"it ends", {launched}},
    {"it is destroyed", {launched, then(Kind::destroy)}},
    {"it is destroyed, the slave crashes",
     {launched, then(Kind::destroy), at_last(Kind::slave_crash)}},
    {"the slave crashes, it is destroyed",
     {launched, then(Kind::slave_crash), at_last(Kind::destroy)}},
    {"the slave crashes", {launched, then(Kind::slave_crash)}},
    {"it is killed", {launched, then(Kind::kill_container)}},
    {"it is removed", {launched, then(Kind::remove_container)}},
    {"the daemon is restarted", {launched, then(Kind::daemon_restart)}},
    {"the daemon is upgraded", {launched, then(Kind::daemon_upgrade)}},
    {"the host is rebooted", {launched, then(Kind::reboot)}},
};
// The first ones: only the slave acts on the container.
constexpr std::size_t scenarios_of_slaves = 4;

History history_of(const Scenario& scenario, bool is_command) {
  History history;
  history.tasks.push_back({.runs_for = 1s, .exit_code = 7});
  history.is_command.push_back(is_command);
  history.happenings = scenario.happenings;
  return history;
}

struct Sum {
  std::size_t states = 0;
  long runs = 0;
  long ends = 0;
};

void explore(const Scenario& scenario, bool is_command, Budget budget, Sum& sum) {
  const auto history = history_of(scenario, is_command);
  Explorer explorer(budget);
  do {
    ++sum.runs;
    try {
      const auto outcome = run_history(history, explorer);
      ++sum.ends;
      for (const auto& problem : outcome.problems) UNSCOPED_INFO(problem);
      if (!outcome.problems.empty()) {
        FAIL_CHECK(scenario.name << (is_command ? ", a command: " : ": ") << explorer.path());
      }
    } catch (const Known&) {
    }
  } while (explorer.next());
  sum.states += explorer.states();
}

void explore(std::size_t plot_count, Budget budget) {
  Sum sum;
  const auto begin = std::clock();
  for (std::size_t i = 0; i < plot_count; ++i) {
    for (const bool is_command : {false, true}) explore(scenarios[i], is_command, budget, sum);
  }
  const auto took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::cout << budget.deaths << " deaths, " << budget.mishaps << " mishaps, " << budget.switches
            << " switches: " << 2 * plot_count << " scenarios, " << sum.states << " states, "
            << sum.ends << " ends, " << sum.runs << " runs, " << took << " s of CPU\n";
  CHECK(sum.ends > 0);
}

}  // namespace

TEST_CASE("every promise is kept in every small world") {
  const char* wanted = std::getenv("SMALL_WORLD");
  if (wanted == nullptr) {
    explore(scenarios_of_slaves, {.deaths = 1});
    explore(scenarios_of_slaves, {.mishaps = 1});
  } else {
    Budget budget;
    REQUIRE(std::sscanf(wanted, "%d,%d,%d", &budget.deaths, &budget.mishaps, &budget.switches) ==
            3);
    explore(scenarios.size(), budget);
  }
}
