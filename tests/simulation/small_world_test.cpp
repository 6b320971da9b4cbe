// A small world, explored completely: one container, its slave, everything that can happen to them,
// at every moment, in every order.
//
// SMALL_WORLD=deaths,mishaps,switches: how much of it may happen in one world. A death is that of
// any process at any step; a mishap is any wrong answer of the daemon to any call; a switch lets
// another process, or something that is due within two seconds, go first where nothing asked for
// it.
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

struct World {
  const char* name;
  bool is_command;
  std::vector<Happening> happenings;
};

std::vector<World> worlds() {
  const Happening launch{5'000ms, Kind::launch, 0};
  const Happening destroy{5'600ms, Kind::destroy, 0};
  const auto then = [](Kind kind) { return Happening{5'400ms, kind, 0}; };
  std::vector<World> all;
  for (const bool is_command : {false, true}) {
    all.push_back({"it ends", is_command, {launch}});
    all.push_back({"it is destroyed", is_command, {launch, destroy}});
    all.push_back({"the slave crashes", is_command, {launch, then(Kind::slave_crash)}});
    all.push_back({"the slave crashes, it is destroyed",
                   is_command,
                   {launch, then(Kind::slave_crash), destroy}});
    all.push_back({"it is destroyed, the slave crashes",
                   is_command,
                   {launch, then(Kind::destroy), {5'600ms, Kind::slave_crash, 0}}});
    all.push_back({"it is killed", is_command, {launch, then(Kind::kill_container)}});
    all.push_back({"it is removed", is_command, {launch, then(Kind::remove_container)}});
    all.push_back({"the daemon is restarted", is_command, {launch, then(Kind::daemon_restart)}});
    all.push_back({"the daemon is upgraded", is_command, {launch, then(Kind::daemon_upgrade)}});
    all.push_back({"the host is rebooted", is_command, {launch, then(Kind::reboot)}});
  }
  return all;
}

History history_of(const World& world) {
  History history;
  history.tasks.push_back({.runs_for = 1s, .exit_code = 7});
  history.is_command.push_back(world.is_command);
  history.happenings = world.happenings;
  return history;
}

struct Sum {
  std::size_t states = 0;
  long runs = 0;
  long ends = 0;
};

Sum explore(const World& world, Budget budget) {
  const auto history = history_of(world);
  Explorer explorer(budget);
  Sum sum;
  do {
    ++sum.runs;
    try {
      const auto outcome = live_through(history, explorer);
      ++sum.ends;
      for (const auto& problem : outcome.problems) UNSCOPED_INFO(problem);
      if (!outcome.problems.empty()) {
        FAIL_CHECK(world.name << (world.is_command ? ", a command: " : ": ") << explorer.path());
      }
    } catch (const Known&) {
    }
  } while (explorer.next());
  sum.states = explorer.states();
  return sum;
}

std::vector<Budget> budgets() {
  const char* wanted = std::getenv("SMALL_WORLD");
  if (wanted == nullptr) return {{.deaths = 1}, {.mishaps = 1}, {.switches = 1}};
  Budget budget;
  REQUIRE(std::sscanf(wanted, "%d,%d,%d", &budget.deaths, &budget.mishaps, &budget.switches) == 3);
  return {budget};
}

}  // namespace

TEST_CASE("every promise is kept in every small world") {
  for (const auto& budget : budgets()) {
    Sum all;
    const auto begin = std::clock();
    for (const auto& world : worlds()) {
      const auto sum = explore(world, budget);
      all.states += sum.states;
      all.runs += sum.runs;
      all.ends += sum.ends;
    }
    const auto took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::cout << budget.deaths << " deaths, " << budget.mishaps << " mishaps, " << budget.switches
              << " switches: " << all.states << " states, " << all.ends << " ends, " << all.runs
              << " runs, " << took << " s of CPU\n";
    CHECK(all.ends > 0);
  }
}
