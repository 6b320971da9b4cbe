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

// All that one life may take, each call of which has a bound of its own.
constexpr Duration longest_life{600'000};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

std::string this_program() { return fs::read_symlink("/proc/self/exe"); }

// Set apart from what this program says itself.
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

// Whether each process has lived until the point at which it was to be killed.
bool has_come(const Story& story, const std::vector<long>& calls) {
  if (calls.empty() || calls[0] < story.operation.point) return false;
  return !story.recovery || (calls.size() > 1 && calls[1] >= story.recovery->point);
}

// From 1 to `calls`.
long draw_point(std::mt19937_64& random, long calls) {
  return static_cast<long>(random() % static_cast<std::uint64_t>(calls)) + 1;
}

// Each system call of all victims is as likely as any other.
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
  for (const auto& story : report.lost) out << "lost: " << story << '\n';
  return out;
}

Judge::Judge(std::string containerizer, std::ostream& log)
    : log_(log), report_{std::move(containerizer), {}, {}} {}

Judge::Lived Judge::live(const Story& story) const {
  Child life({this_program(), "one life", "--reporter", "compact"},
             {{"CRASH_LIFE", to_text(story)}, {"TEST_CONTAINERIZER", report_.containerizer}});
  life.await_end(longest_life);
  return {life.ended() == 0, calls_told(life.out()), life.out() + life.err()};
}

void Judge::record(Row& row, const Story& story, const Lived& lived) {
  if (lived.survived) {
    row.tried += has_come(story, lived.calls) ? 1 : 0;
    return;
  }
  ++row.tried;
  ++row.lost;
  report_.lost.push_back(to_text(story));
  log_ << "LOST " << to_text(story) << '\n'
       << indented(lived.said) << "again: CRASH_LIFE=\"" << to_text(story)
       << "\" TEST_CONTAINERIZER=" << report_.containerizer << " bin/daemon run DIR -- "
       << this_program() << " \"one life\"" << std::endl;
}

void Judge::try_points(const std::string& victim, long wanted, long seed) {
  Row row{victim};
  const auto begun = Clock::now();
  const Story undisturbed{{victim, 0}, {}};
  const auto lived = live(undisturbed);
  if (lived.survived) {
    row.calls = lived.calls.at(0);
  } else {
    record(row, undisturbed, lived);
  }
  const auto count = std::min(row.calls, wanted);
  log_ << victim << ": " << count << " of " << row.calls << " system calls" << std::endl;
  for (long i = 0; i < count; ++i) {
    const Story story{{victim, ((2 * i + 1) * row.calls / (2 * count) + seed) % row.calls + 1}, {}};
    record(row, story, live(story));
  }
  row.seconds = seconds_since(begun);
  report_.rows.push_back(row);
}

void Judge::try_pairs(long count, long seed) {
  Row row{"pairs"};
  const auto begun = Clock::now();
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  log_ << "pairs: " << count << std::endl;
  for (long i = 0; i < count; ++i) {
    const auto story = with_recovery_killed({draw_kill(report_.rows, random), {}}, random, row);
    if (story) record(row, *story, live(*story));
  }
  row.seconds = seconds_since(begun);
  report_.rows.push_back(row);
}

// What the first kill leaves decides which processes the recovery has, and how many system calls
// they begin: a life without the second kill tells.
std::optional<Story> Judge::with_recovery_killed(Story story, std::mt19937_64& random, Row& row) {
  const auto& victims = recovery_victims();
  const auto first = random();
  for (std::size_t i = 0; i < victims.size(); ++i) {
    story.recovery = Kill{victims[(first + i) % victims.size()], 0};
    const auto lived = live(story);
    if (!lived.survived) {
      record(row, story, lived);
      return std::nullopt;
    }
    if (!has_come({story.operation, {}}, lived.calls)) return std::nullopt;
    if (lived.calls.at(1) == 0) continue;
    story.recovery->point = draw_point(random, lived.calls.at(1));
    return story;
  }
  return std::nullopt;
}

}  // namespace containerizer::crash
