// Tries kills on a containerizer, each in a life of its own process, and reports what came of them.
#pragma once

#include <iosfwd>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/life.h"

namespace containerizer::crash {

struct Row {
  std::string name;  // of the victim, or "pairs"
  long calls = 0;    // how many system calls the victim begins; 0 when there is no such process
  long tried = 0;    // kills, or pairs of them, that have come
  long lost = 0;     // those after which something that must hold did not
  double seconds = 0;
};

struct Report {
  std::string containerizer;
  std::vector<Row> rows;
  std::vector<std::string> lost;  // stories

  const Row& of(const std::string& name) const;
};

// A table for people, with the lost stories below it.
std::ostream& operator<<(std::ostream& out, const Report& report);

class Judge {
 public:
  // What is being tried, and what a lost life has said, goes to `log`.
  Judge(std::string containerizer, std::ostream& log);

  // Lives once without a kill, then kills the victim at `wanted` points spread evenly over its
  // system calls and moved by `seed`, at the most at all of them.
  void try_points(const std::string& victim, long wanted, long seed);
  // Kills the victims tried so far at system calls drawn by `seed`, and then one of the processes
  // of the recovery at one of its own.
  void try_pairs(long count, long seed);

  const Report& report() const { return report_; }

 private:
  struct Lived {
    bool survived = false;
    std::vector<long> calls;  // of the first victim and of the second, as far as it came
    std::string said;
  };

  Lived live(const Story& story) const;
  void record(Row& row, const Story& story, const Lived& lived);
  std::optional<Story> with_recovery_killed(Story story, std::mt19937_64& random, Row& row);

  std::ostream& log_;
  Report report_;
};

}  // namespace containerizer::crash
