#include "tests/crash/judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <ostream>
#include <regex>
#include <sstream>

namespace containerizer::crash {

using namespace integration;

namespace {

// The longest time of one run. Each of its calls has its own limit.
constexpr Duration longest_life{600'000};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string this_program() { return fs::read_symlink("/proc/self/exe"); }

// Indented, to distinguish it from this program's own output.
std::string indented(const std::string& text) {
  return "    " + std::regex_replace(text, std::regex("\n(?=[^])"), "\n    ");
}

std::vector<long> calls_told(const std::string& said) {
  static const std::regex pattern("began (\\d+) system calls");
  std::vector<long> calls;
  for (std::sregex_iterator it(said.begin(), said.end(), pattern), end; it != end; ++it) {
    calls.push_back(std::stol((*it)[1]));
  }
  return calls;
}

// Whether each process has reached the system call at which it had to be killed.
bool has_come(const Kills& kills, const std::vector<long>& calls) {
  if (calls.empty() || calls[0] < kills.operation.point) return false;
  return !kills.recovery || (calls.size() > 1 && calls[1] >= kills.recovery->point);
}

// A random number from 1 to `calls`.
long draw_point(std::mt19937_64& random, long calls) {
  return static_cast<long>(random() % static_cast<std::uint64_t>(calls)) + 1;
}

// Each system call of all victims has the same probability.
Kill draw_kill(const std::vector<Row>& victims, std::mt19937_64& random) {
  long all = 0;
  for (const auto& victim : victims) all += victim.calls;
  REQUIRE(all > 0);
  long point = draw_point(random, all);
  auto victim = victims.begin();
  for (; point > victim->calls; ++victim) point -= victim->calls;
  return {victim->name, point};
}

std::string line_of(const Row& row) {
  return fmt::format("{:<12}{:>14}{:>10}{:>10}{:>8}{:>10.0f}\n", row.name,
                     row.calls > 0 ? std::to_string(row.calls) : "-", row.tried,
                     row.tried - row.lost, row.lost, row.seconds);
}

}  // namespace

const Row& Report::of(const std::string& name) const {
  return *std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
}

std::ostream& operator<<(std::ostream& out, const Report& report) {
  out << report.containerizer << '\n'
      << fmt::format("{:<12}{:>14}{:>10}{:>10}{:>8}{:>10}\n", "killed", "system calls", "tried",
                     "survived", "lost", "seconds");
  Row total{"total"};
  for (const auto& row : report.rows) {
    out << line_of(row);
    total.calls += row.calls;
    total.tried += row.tried;
    total.lost += row.lost;
    total.seconds += row.seconds;
  }
  out << line_of(total);
  for (const auto& kills : report.lost) out << "lost: " << kills << '\n';
  return out;
}

Judge::Judge(std::string containerizer, std::ostream& log)
    : log_(log), report_{std::move(containerizer), {}, {}} {}

Judge::Lived Judge::live(const Kills& kills) const {
  Child life({this_program(), "one life", "--reporter", "compact"},
             {{"CRASH_LIFE", to_text(kills)}, {"TEST_CONTAINERIZER", report_.containerizer}});
  life.await_end(longest_life);
  return {life.ended() == 0, calls_told(life.out()), life.out() + life.err()};
}

void Judge::record(Row& row, const Kills& kills, const Lived& lived) {
  if (lived.survived) {
    row.tried += has_come(kills, lived.calls) ? 1 : 0;
    return;
  }
  ++row.tried;
  ++row.lost;
  report_.lost.push_back(to_text(kills));
  log_ << "LOST " << to_text(kills) << '\n'
       << indented(lived.said) << "again: CRASH_LIFE=\"" << to_text(kills)
       << "\" TEST_CONTAINERIZER=" << report_.containerizer << " bin/daemon run DIR -- "
       << this_program() << " \"one life\"" << std::endl;
}

void Judge::try_points(const std::string& victim, long wanted, long seed) {
  Row row{victim};
  const auto start = Clock::now();
  const Kills undisturbed{{victim, 0}, {}};
  const auto lived = live(undisturbed);
  if (lived.survived) {
    row.calls = lived.calls.at(0);
  } else {
    record(row, undisturbed, lived);
  }
  const auto count = std::min(row.calls, wanted);
  log_ << victim << ": " << count << " of " << row.calls << " system calls" << std::endl;
  for (long i = 0; i < count; ++i) {
    const Kills kills{{victim, ((2 * i + 1) * row.calls / (2 * count) + seed) % row.calls + 1}, {}};
    record(row, kills, live(kills));
  }
  row.seconds = seconds_since(start);
  report_.rows.push_back(row);
}

void Judge::try_pairs(long count, long seed) {
  Row row{"pairs"};
  const auto start = Clock::now();
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  log_ << "pairs: " << count << std::endl;
  for (long i = 0; i < count; ++i) {
    const auto kills = with_recovery_killed({draw_kill(report_.rows, random), {}}, random, row);
    if (kills) record(row, *kills, live(*kills));
  }
  row.seconds = seconds_since(start);
  report_.rows.push_back(row);
}

// The processes of the recovery, and their numbers of system calls, depend on the state that the
// first kill leaves. A run without the second kill counts them.
std::optional<Kills> Judge::with_recovery_killed(Kills kills, std::mt19937_64& random, Row& row) {
  const auto& victims = recovery_victims();
  const auto first = random();
  for (std::size_t i = 0; i < victims.size(); ++i) {
    kills.recovery = Kill{victims[(first + i) % victims.size()], 0};
    const auto lived = live(kills);
    if (!lived.survived) {
      record(row, kills, lived);
      return std::nullopt;
    }
    if (!has_come({kills.operation, {}}, lived.calls)) return std::nullopt;
    if (lived.calls.at(1) == 0) continue;
    kills.recovery->point = draw_point(random, lived.calls.at(1));
    return kills;
  }
  return std::nullopt;
}

}  // namespace containerizer::crash
