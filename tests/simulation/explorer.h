// A Fate without probabilities: over many runs, it makes every possible choice.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "tests/simulation/fate.h"

namespace containerizer::simulation {

// Thrown in a state that was already explored: everything that can follow is known.
struct Known {};

class Explorer : public Fate {
 public:
  // How many choices other than the default one run may contain.
  struct Budget {
    int deaths = 0;
    int mishaps = 0;   // failures of calls and streams
    int switches = 0;  // preemptions between two steps, and events that happen early

    bool covers(const Budget& less) const {
      return deaths >= less.deaths && mishaps >= less.mishaps && switches >= less.switches;
    }
  };

  explicit Explorer(Budget budget) : budget_(budget) {}

  bool begin(std::function<std::uint64_t()> fingerprint) override;
  std::size_t choose(Question question, std::size_t options) override;
  void stop_faults() override { faults_are_over_ = true; }

  // Selects choices that were not tried yet, for the next run. Returns false if there are none.
  // Call it after each run.
  bool next();

  // The number of different states in which there was a choice.
  std::size_t states() const { return seen_.size(); }
  // The choices of this run that were not the default.
  std::string path() const;

 private:
  struct Point {
    Question question;
    std::size_t options;
    std::size_t chosen;
  };

  int* budget_of(Question question);
  void look(Question question, std::size_t options);

  const Budget budget_;
  Budget left_;
  bool faults_are_over_ = false;
  std::function<std::uint64_t()> fingerprint_;
  std::vector<Point> points_;
  std::size_t depth_ = 0;
  std::unordered_map<std::uint64_t, std::vector<Budget>> seen_;  // with the budgets that were left
};

}  // namespace containerizer::simulation
