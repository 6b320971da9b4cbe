// A fate that has no odds: asked again and again, it lets everything happen that can.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "tests/simulation/fate.h"

namespace containerizer::simulation {

// Thrown where a world is like one that was seen before: what follows is known.
struct Known {};

class Explorer : public Fate {
 public:
  // How often what is no matter of course may happen in one world.
  struct Budget {
    int deaths = 0;
    int mishaps = 0;   // calls and streams
    int switches = 0;  // between two steps of a process; events that come early

    bool covers(const Budget& less) const {
      return deaths >= less.deaths && mishaps >= less.mishaps && switches >= less.switches;
    }
  };

  explicit Explorer(Budget budget) : budget_(budget) {}

  bool begin(std::function<std::uint64_t()> fingerprint) override;
  std::size_t choose(Question question, std::size_t options) override;
  void calm() override { is_calm_ = true; }

  // On to what has not been tried yet; false when there is nothing. To be called after each world.
  bool next();

  // Different worlds that were seen, at the points where something could be chosen.
  std::size_t states() const { return seen_.size(); }
  // What was chosen in this world where it was no matter of course.
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
  bool is_calm_ = false;
  std::function<std::uint64_t()> fingerprint_;
  std::vector<Point> points_;
  std::size_t depth_ = 0;
  std::unordered_map<std::uint64_t, std::vector<Budget>> seen_;  // with what was left
};

}  // namespace containerizer::simulation
