// Tries kills on a containerizer, each in a separate process, and reports the results.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/life.h"

namespace containerizer::crash {

struct Row {
  std::string name;    // of the victim, with a mark if its calls fail, or "pairs"
  std::string victim;  // "" for pairs
  long calls = 0;      // how many system calls the victim starts; 0 if there is no such process
  long tried = 0;      // kills, or pairs of them, that were performed
  long lost = 0;       // those after which a check failed
  double seconds = 0;
};

struct Report {
  std::string containerizer;
  std::vector<Row> rows;
  std::vector<std::string> lost;  // the failed kills as text

  const Row& of(const std::string& name) const;
};

// Prints a table, and the failed kills below it.
std::ostream& operator<<(std::ostream& out, const Report& report);

class Judge {
 public:
  // Writes the current kill, and the output of failed runs, to `log`.
  Judge(std::string containerizer, std::ostream& log);

  // Runs once without a kill. Then kills the victim at `wanted` system calls (at most all of them),
  // which are spread evenly and shifted by `seed`.
  void try_points(const std::string& victim, long wanted, long seed);
  // The same with errors instead of kills. Each point gets another one of the errors that its call
  // can give.
  void try_errors(const std::string& victim, long wanted, long seed);
  // The same, but a kind of call fails from then on, until the victim ends or is killed some
  // seconds later: each kind that the victim uses, from its first call and from the middle one,
  // with each of two errors. At most `wanted` of these.
  void try_lasting_errors(const std::string& victim, long wanted, long seed);
  // Kills the victims that were tried so far at random system calls, and then a process of the
  // recovery at a random one of its own.
  void try_pairs(long count, long seed);

  const Report& report() const { return report_; }

 private:
  struct Lived {
    bool survived = false;
    std::vector<Trace> traces;  // of the first and the second victim, as far as they ran
    std::string said;
  };

  Lived live(const Kills& kills) const;
  Trace count_calls(Row& row);
  void try_row(Row row, long wanted, long seed, const std::function<std::string(long)>& error_at);
  void record(Row& row, const Kills& kills, const Lived& lived);
  std::optional<Kills> with_recovery_killed(Kills kills, std::mt19937_64& random, Row& row);

  std::ostream& log_;
  Report report_;
};

}  // namespace containerizer::crash
