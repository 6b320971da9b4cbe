// SIGKILL at every system call of every verb and of the supervisor. After each kill follow the
// calls of a restarted slave: recover, containers, wait, destroy. There are also pairs of kills,
// the second one in that recovery. Nothing may be lost, reported wrongly, done twice or left
// behind.
//
// TEST_CONTAINERIZER: the program under test, built without sanitizers (they do not work under a
// tracer). docs/crash-testing.md describes the other settings.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <sstream>

#include "tests/crash/judge.h"
#include "tests/integration/foreigner.h"

using namespace containerizer::crash;
using namespace containerizer::integration;

namespace {

std::string setting(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

long number(const char* name, const std::string& fallback) {
  const auto text = setting(name, fallback);
  return text == "all" ? std::numeric_limits<long>::max() : std::atol(text.c_str());
}

// CRASH_VICTIMS, separated by spaces, or all.
std::vector<std::string> chosen_victims() {
  std::istringstream words(setting("CRASH_VICTIMS", ""));
  std::vector<std::string> chosen{std::istream_iterator<std::string>(words), {}};
  return chosen.empty() ? operation_victims() : chosen;
}

// Another containerizer may have no supervisor.
bool may_lack_calls(const std::string& row) {
  return row == "pairs" || (row == "supervise" && !is_ours());
}

// In the form that Judge reads.
void tell(const Kill& kill, const Trace& trace) {
  std::cout << kill.victim << " began " << trace.calls << " system calls, " << trace.refused
            << " of them were refused; by number:";
  for (const auto& [call, count] : trace.by_number) std::cout << ' ' << call << ':' << count;
  std::cout << std::endl;
}

}  // namespace

TEST_CASE("kills at each system call, and again in the recovery") {
  const Foreigner foreigner({});
  const auto seed = number("CRASH_SEED", "0");
  Judge judge(program(), std::cout);
  for (const auto& victim : chosen_victims()) {
    judge.try_points(victim, number("CRASH_POINTS", "4"), seed);
  }
  judge.try_pairs(number("CRASH_PAIRS", "4"), seed);
  if (is_ours()) {
    const auto errors = setting("CRASH_ERRORS", setting("CRASH_POINTS", "4"));
    for (const auto& victim : chosen_victims()) {
      judge.try_errors(victim, number("CRASH_ERRORS", errors), seed);
      judge.try_lasting_errors(victim, number("CRASH_LASTING", errors), seed);
    }
  }
  const auto& report = judge.report();
  std::cout << '\n' << report << std::endl;
  const auto file = setting("CRASH_REPORT", "");
  if (!file.empty()) std::ofstream(file) << report;
  for (const auto& row : report.rows) {
    CAPTURE(row.name);
    CHECK(row.lost == 0);
    CHECK((row.calls > 0 || may_lack_calls(row.name)));
  }
  CHECK(foreigner.lives());
}

TEST_CASE("the kills find the faults of a naive containerizer") {
  std::ostringstream log;
  Judge judge(SOURCE_DIR "/tests/crash/naive-containerizer", log);
  // About 20 of its 400 system calls, and 40 of 400, are between an action and its record.
  judge.try_points("launch", 24, 0);
  judge.try_points("destroy", 18, 0);
  judge.try_points("usage", 4, 0);
  const auto& report = judge.report();
  std::cout << report << std::endl;
  INFO(log.str());
  for (const auto& row : report.rows) REQUIRE(row.calls > 0);
  CHECK(report.of("launch").lost > 0);
  CHECK(report.of("destroy").lost > 0);
  CHECK(report.of("usage").lost == 0);
}

// The other tests run this in child processes. It can also repeat one of their runs.
TEST_CASE("one life", "[.]") {
  const auto kills = to_kills(setting("CRASH_LIFE", "launch:0"));
  Life life;
  tell(kills.operation, life.operate(kills.operation));
  if (kills.recovery) tell(*kills.recovery, life.recover_under(*kills.recovery));
  life.recover();
}
