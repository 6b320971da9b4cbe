#include "tests/crash/judge.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <ostream>
#include <regex>
#include <set>
#include <sstream>

#include "host/format.h"

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

std::vector<Trace> traces_in(const std::string& said) {
  static const std::regex pattern(
      "began (\\d+) system calls, (\\d+) of them were refused; by number:((?: \\d+:\\d+)*)");
  std::vector<Trace> traces;
  for (std::sregex_iterator it(said.begin(), said.end(), pattern), end; it != end; ++it) {
    Trace trace{std::stol((*it)[1]), std::stol((*it)[2]), {}};
    std::istringstream counts((*it)[3]);
    char colon = 0;
    for (long call = 0, count = 0; counts >> call >> colon >> count;) trace.by_number[call] = count;
    traces.push_back(std::move(trace));
  }
  return traces;
}

// Whether a process has reached the system call at which it had to be killed, or had to fail.
bool has_come(const Kill& kill, const Trace& trace) {
  return kill.error.empty() ? trace.calls >= kill.point : trace.refused > 0;
}

bool has_come(const Kills& kills, const std::vector<Trace>& traces) {
  if (traces.empty() || !has_come(kills.operation, traces[0])) return false;
  return !kills.recovery || (traces.size() > 1 && has_come(*kills.recovery, traces[1]));
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
  return {victim->victim, point, ""};
}

std::string line_of(const Row& row) {
  return formatted("{:<12}{:>14}{:>10}{:>10}{:>8}{:>10.0f}\n", row.name,
                   row.calls > 0 ? std::to_string(row.calls) : "-", row.tried, row.tried - row.lost,
                   row.lost, row.seconds);
}

}  // namespace

const Row& Report::of(const std::string& name) const {
  return *std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
}

std::ostream& operator<<(std::ostream& out, const Report& report) {
  out << report.containerizer << '\n'
      << formatted("{:<12}{:>14}{:>10}{:>10}{:>8}{:>10}\n", "killed", "system calls", "tried",
                   "survived", "lost", "seconds");
  Row total{"total", ""};
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
  const auto status = life.ended();
  const auto how = status ? formatted("this run exited with status {}\n", *status)
                          : "this run did not end in its time\n";
  return {status == 0, traces_in(life.out()), life.out() + life.err() + how};
}

void Judge::record(Row& row, const Kills& kills, const Lived& lived) {
  if (lived.survived) {
    row.tried += has_come(kills, lived.traces) ? 1 : 0;
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
  try_row(Row{victim, victim}, wanted, seed, [](long) { return std::string(); });
}

void Judge::try_errors(const std::string& victim, long wanted, long seed) {
  try_row(Row{victim + " !", victim}, wanted, seed,
          [](long point) { return "!" + std::to_string(point); });
}

void Judge::try_lasting_errors(const std::string& victim, long wanted, long seed) {
  const auto start = Clock::now();
  Row row{victim + " !+", victim};
  std::vector<Kill> all;
  for (const auto& [call, count] : count_calls(row).by_number) {
    for (const long point : std::set<long>{1, (count + 1) / 2}) {
      for (const int error : {0, 1}) {
        all.push_back({victim, point, formatted("!{}@{}+", error, call)});
      }
    }
  }
  const auto number = static_cast<long>(all.size());
  const auto count = std::min(number, wanted);
  log_ << row.name << ": " << count << " of " << number << " kinds" << std::endl;
  for (long i = 0; i < count; ++i) {
    const auto chosen = ((2 * i + 1) * number / (2 * count) + seed) % number;
    const Kills kills{all[static_cast<std::size_t>(chosen)], {}};
    record(row, kills, live(kills));
  }
  row.seconds = seconds_since(start);
  report_.rows.push_back(row);
}

// Runs once without a kill, and notes the number of the victim's calls.
Trace Judge::count_calls(Row& row) {
  const Kills undisturbed{{row.victim, 0, ""}, {}};
  const auto lived = live(undisturbed);
  if (!lived.survived) {
    record(row, undisturbed, lived);
    return {};
  }
  row.calls = lived.traces.at(0).calls;
  return lived.traces[0];
}

void Judge::try_row(Row row, long wanted, long seed,
                    const std::function<std::string(long)>& error_at) {
  const auto start = Clock::now();
  count_calls(row);
  const auto count = std::min(row.calls, wanted);
  log_ << row.name << ": " << count << " of " << row.calls << " system calls" << std::endl;
  for (long i = 0; i < count; ++i) {
    const long point = ((2 * i + 1) * row.calls / (2 * count) + seed) % row.calls + 1;
    const Kills kills{{row.victim, point, error_at(point + i)}, {}};
    record(row, kills, live(kills));
  }
  row.seconds = seconds_since(start);
  report_.rows.push_back(row);
}

void Judge::try_pairs(long count, long seed) {
  Row row{"pairs", ""};
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
    kills.recovery = Kill{victims[(first + i) % victims.size()], 0, ""};
    const auto lived = live(kills);
    if (!lived.survived) {
      record(row, kills, lived);
      return std::nullopt;
    }
    if (!has_come(kills.operation, lived.traces.at(0))) return std::nullopt;
    if (lived.traces.at(1).calls == 0) continue;
    kills.recovery->point = draw_point(random, lived.traces[1].calls);
    return kills;
  }
  return std::nullopt;
}

}  // namespace containerizer::crash
